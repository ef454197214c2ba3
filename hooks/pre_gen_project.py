"""Refuse answers that cannot make a sound project, in one sentence, before a file is written.

cookiecutter evaluates Jinja in an answer before this hook sees it, so what is judged here is
what came out. It has also made the project's folder already, and removes it after a refusal;
of a slug such as a/b it removes only the inner folder.
"""

import json
import keyword
import re
import shlex
import sys

# Raw, because JSON brings its own backslashes; JSON never holds three quotes in a row.
ANSWERS = r"""{{ cookiecutter | tojson }}"""

SLUG = re.compile(r"[a-z]([a-z0-9_]{0,48}[a-z0-9])?")
HANDLE = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
# Braces would be Jinja again when the project is updated; the others start code in Markdown.
NOT_IN_TEXT = set("{}<>`")


def plain(text: str) -> bool:
    """Tell whether `text` is one line that says something and stays text wherever it stands."""
    return text.strip() != "" and text.isprintable() and not NOT_IN_TEXT & set(text)


def folder(text: str) -> bool:
    """Tell whether `text` can name a folder and a Python package on every system."""
    return SLUG.fullmatch(text) is not None and not keyword.iskeyword(text)


TEXT = (plain, "one line of text without any of { } < > `")
OWNER = (lambda text: bool(HANDLE.fullmatch(text)), "a handle such as @org/team or @person")
RULES = dict.fromkeys(("project_name", "description", "organisation"), TEXT)
RULES |= dict.fromkeys(("data_science_team", "ml_engineering_team"), OWNER)
RULES["project_slug"] = (folder, "a lower-case Python name of at most 50 letters, digits and _")


def refusals(answers: dict[str, str]) -> list[str]:
    """Say of each answer that breaks its rule what was expected, what came and what to do."""
    return [
        f"error: {name}: expected {expected}; got {answers[name]!r}; next: answer it anew"
        for name, (holds, expected) in RULES.items()
        if not holds(answers[name])
    ]


def again(answers: dict[str, str]) -> str:
    """Give the command that offers every good answer again: Enter takes it."""
    asked = {name: text for name, text in answers.items() if not name.startswith("_")}
    good = [f"{n}={t}" for n, t in asked.items() if n not in RULES or RULES[n][0](t)]
    return shlex.join(["cookiecutter", answers["_template"], *good])


if __name__ == "__main__":
    given = json.loads(ANSWERS)
    if refused := refusals(given):
        sys.exit("\n".join([*refused, f"Keep the other answers: {again(given)}"]))
