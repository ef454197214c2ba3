"""Environment variables with hostile values, and the files that they name, are one error."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.serving import access, ids
from engine.tests.edges.commands import Runner
from engine.tests.edges.contents import CONTENTS
from engine.tests.edges.values import BLANKS, NO_NUMBERS, NO_PATHS, NOT_UTF8
from engine.tests.project import STAGES

RELEASED = f'champion = "{"a" * 64}"\n'
SET = tuple(value for value in BLANKS if value and "\0" not in value)  # none that is unset
# variable: the command that reads it, and its values
VARIABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "PORT": (
        "serving run --bundle nowhere --rehearsal",
        (*filter(None, NO_NUMBERS), "65536", "tcp://10.0.0.1:80", "٣"),
    ),
    "UVICORN_ROOT_PATH": ("serving run --bundle nowhere --rehearsal", (*SET, "/", "/v1", "a")),
    "BUNDLES": (
        "monitoring check",
        (*(one for one in NO_PATHS if one in SET or "a/a" in one), "nowhere", "file"),
    ),
    "DATABASE_URL": (
        "data check query.sql",
        (
            *SET,
            *("none", "://", "sqlite", "sqlite://host/name", "sqlite:///nowhere.db"),
            *("sqlite:///folder", "sqlite:///file", "sqlite:///nowhere/a.db", "nonsense://a/b"),
            *("postgresql://127.0.0.1:1/x", "postgresql://127.0.0.1:99999/x", "oracle://h/x"),
            *("postgresql://h:port/x", "http://127.0.0.1", "a" * 5000, "sqlite:///" + "a" * 5000),
            *("sqlite:///:memory:?a=b&a=c", "postgresql+asyncpg://h/x", "mysql://[::1/x"),
        ),
    ),
    "MLFLOW_TRACKING_URI": (
        "poc report",
        (
            *SET,
            *("none", "://", "nonsense://a/b", "sqlite:///folder", "sqlite:///file"),
            *("http://127.0.0.1:1", "http://", "http://[::1", "http://a b"),
            *("https://127.0.0.1:99999", "postgresql://127.0.0.1:1/x", "databricks", "uc:x"),
            *("oracle://h/x", "file:///dev/null", "file", "mysql://h/x", "a" * 5000),
        ),
    ),
}
COMMANDS_OF_MLFLOW = (
    "poc train --parameters-of latest",
    "handoff build",
    "handoff build --run nowhere",
)


@pytest.fixture
def project(command: Runner) -> Path:
    folder = command.folder
    (folder / "problem").mkdir()
    (folder / "deploy").mkdir()
    (folder / "folder").mkdir()
    (folder / "file").write_text("no database")
    (folder / "query.sql").write_text("SELECT * FROM rows")
    shutil.copy(STAGES / PROBLEM_FILE, folder / PROBLEM_FILE)
    (folder / "deploy/release.toml").write_text(RELEASED)
    return folder


@pytest.mark.parametrize(
    ("variable", "value"),
    [(name, value) for name, (_, values) in VARIABLES.items() for value in values],
    ids=lambda text: ascii(text)[:50],
)
def test_a_variable_of_another_kind_is_one_error(
    variable: str, value: str, command: Runner, project: Path
) -> None:
    before = command.files()
    outcome = command(*VARIABLES[variable][0].split(), **{variable: value})
    assert outcome.is_one_error(), outcome
    assert command.files() == before


@pytest.mark.parametrize("words", COMMANDS_OF_MLFLOW)
def test_a_store_of_runs_that_is_none_is_one_error(
    words: str, command: Runner, project: Path
) -> None:
    before = command.files()
    outcome = command(*words.split(), MLFLOW_TRACKING_URI="sqlite:///file")
    assert outcome.is_one_error(), outcome
    assert command.files() == before


KEY_FILES = {name: make for name, make in CONTENTS.items() if "in TOML" not in name}


@pytest.mark.parametrize("keys_of", [access.keys_of, ids.keys_of], ids=["API", "ids"])
def test_a_key_file_without_usable_keys_is_refused(
    keys_of: Callable[[dict[str, str]], object], tmp_path: Path
) -> None:
    module = access if keys_of is access.keys_of else ids
    accepted = []
    for number, (name, make) in enumerate(KEY_FILES.items()):
        path = tmp_path / str(number)
        make(path)
        try:
            keys_of({module.FILE: str(path)})
            accepted.append(name)
        except BadInput:
            pass
    # JSON that is only brackets holds no quotation mark: it is a key like any other.
    assert not {name for name in accepted if "JSON" not in name}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_a_key_in_another_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("k" * 40, encoding=encoding)
    with pytest.raises(BadInput):
        access.keys_of({access.FILE: str(path)})
    with pytest.raises(BadInput):
        ids.keys_of({ids.FILE: str(path)})


@pytest.mark.parametrize("word", [NOT_UTF8 * 20])
def test_a_key_in_a_variable_that_is_no_text_is_refused(word: str) -> None:
    with pytest.raises(BadInput):
        access.keys_of({access.KEYS: word})
    with pytest.raises(BadInput):
        ids.keys_of({ids.KEY: word})


def test_a_key_behind_a_byte_order_mark_is_that_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = "k" * 40
    path.write_text(f"{key}\n", encoding="utf-8-sig")
    accepted_keys = access.keys_of({access.FILE: str(path)})
    assert accepted_keys
    assert accepted_keys.admit(f"Bearer {key}")
    assert ids.keys_of({ids.FILE: str(path)}) == [key.encode()]


KEY = "k" * 40
NO_KEYS = {
    "a byte-order mark before the second key": f"{KEY}\n\ufeff{KEY}",
    "a zero-width space": f"{KEY}\u200b",
    "a no-break space": f"{KEY}\xa0{KEY}",
    "an escape": f"\x1b[1m{KEY}",
    "quotes around it": f'"{KEY}"',
    "single quotes around it": f"'{KEY}'",
    "the name of the variable": f"SERVING_API_KEYS={KEY}",
    "a line that exports it": f"export A={KEY}",
    "a comment": f"# {KEY}\n{KEY}",
    "letters beyond ASCII": "é" * 40,
}


@pytest.mark.parametrize("name", NO_KEYS)
@pytest.mark.parametrize("module", [access, ids], ids=["API", "ids"])
def test_a_key_with_characters_that_are_not_part_of_it_is_rejected_and_not_repeated(
    module: ModuleType, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    path.write_text(NO_KEYS[name], encoding="utf-8")
    variable = access.KEYS if module is access else ids.KEY
    for environment in ({variable: NO_KEYS[name]}, {module.FILE: str(path)}):
        with pytest.raises(BadInput) as rejected:
            module.keys_of(environment)
        assert KEY not in str(rejected.value)
        assert str(rejected.value).isprintable()
        if name == "a comment":
            assert "'#'" in str(rejected.value)


@pytest.mark.parametrize("module", [access, ids], ids=["API", "ids"])
def test_a_missing_key_file_or_an_empty_name_is_one_error(
    module: ModuleType, tmp_path: Path
) -> None:
    path = str(tmp_path / "nowhere")
    with pytest.raises(BadInput) as missing:
        module.keys_of({module.FILE: path})
    assert str(missing.value).count(path) == 1
    assert "Errno" not in str(missing.value)
    assert module.FILE in str(missing.value)
    with pytest.raises(BadInput, match="empty"):
        module.keys_of({module.FILE: ""})


@pytest.mark.parametrize("module", [access, ids], ids=["API", "ids"])
def test_a_key_in_base64_is_accepted(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("ab+/" * 10 + "==\n")
    assert module.keys_of({module.FILE: str(tmp_path / "keys")})
