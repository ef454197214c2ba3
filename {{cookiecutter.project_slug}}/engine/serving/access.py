"""Who may send rows and labels: holders of an API key; without keys, programs and listed pages.

Without keys the server refuses a page that is not its own (CSRF). A page's own name is no proof,
because its owner can let that name resolve to this server (DNS rebinding); docs/security.md.
"""

import logging
import os
import re
import time
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from engine.problem.arguments import key_file, parse_keys, read_keys, secret
from engine.problem.errors import BadInput
from engine.serving.http.errors import ProblemError, echo

KEYS, FILE = "SERVING_API_KEYS", "SERVING_API_KEYS_FILE"
SHORTEST = 20  # a shorter one can be guessed; `openssl rand -hex 32` makes one of 64
# How often a file is checked: a key that was removed from it may work for so long.
CHECK_SECONDS = 1.0

ORIGINS = "SERVING_ORIGINS"
_ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]+)?")
# Browsers send at least one of them with everything but GET and HEAD; no script can change them.
_OF_BROWSERS = frozenset({b"origin", b"sec-fetch-site"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

logger = logging.getLogger("engine.serving.access")


class Keys:
    """The keys that are valid now, as digests; those of a file change with it."""

    def __init__(self, text: str, path: Path | None) -> None:
        """Read `text` and the file, or raise BadInput: an invalid key, or none."""
        self._given = _digests(parse_keys(text, KEYS, SHORTEST))
        self._path = path
        self._filed = _read(path) if path else []
        self._check_at = time.monotonic() + CHECK_SECONDS
        if not self._given and not path:
            raise _no_key(KEYS)

    def admit(self, authorization: str) -> bool:
        """Whether an Authorization header holds a valid key; takes as long for every key."""
        if self._path and time.monotonic() >= self._check_at:
            self._reload(self._path)
        scheme, _, key = authorization.partition(" ")
        digest = sha256(key.strip().encode("latin-1")).digest()
        # No early end: the duration must not depend on which key is similar.
        equal = [compare_digest(digest, valid) for valid in (*self._given, *self._filed)]
        return scheme.lower() == "bearer" and any(equal)

    def _reload(self, path: Path) -> None:
        """Read the file again; the keys stay if it cannot be read."""
        self._check_at = time.monotonic() + CHECK_SECONDS
        try:
            if (filed := _read(path)) != self._filed:
                self._filed = filed
                logger.warning("API keys reloaded: the file has %d.", len(filed))
        except BadInput as error:
            logger.error("API keys not reloaded, the previous ones stay valid: %s", error)


def keys_of(environment: Mapping[str, str] = os.environ) -> Keys | None:
    """The keys that the environment gives or names; None where neither variable is set."""
    if KEYS not in environment and FILE not in environment:
        return None
    return Keys(secret(KEYS, environment), key_file(FILE, environment))


def _read(path: Path) -> list[bytes]:
    keys = read_keys(path, "API keys", FILE, SHORTEST)
    if not keys:
        raise _no_key(str(path))
    return _digests(keys)


def _no_key(place: str) -> BadInput:
    message = f"expected at least one API key in {place}, got none; put one there, a line each, or "
    message += f"unset {KEYS} and {FILE} to serve everybody"
    return BadInput(message, code="no-api-key")


def _digests(keys: list[str]) -> list[bytes]:
    return [sha256(key.encode()).digest() for key in keys]


def origins_of(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The origins in `SERVING_ORIGINS` whose pages may write, or BadInput for what is none."""
    origins = set()
    for text in environment.get(ORIGINS, "").lower().replace(",", " ").split():
        try:
            valid = _ORIGIN.fullmatch(text) and urlsplit(text).port != 0
        except ValueError:  # a port above 65535, or brackets around no address
            valid = False
        if not valid:
            message = f"expected origins such as https://models.example.com in {ORIGINS}, got "
            message += f"'{text}'; give scheme, host and perhaps port, without path"
            raise BadInput(message, code="not-an-origin")
        # As browsers send it.
        origins.add(text.removesuffix(_DEFAULT_PORTS[text.partition(":")[0]]))
    return frozenset(origins)


def refuse_foreign_page(headers: Iterable[tuple[bytes, bytes]], listed: Collection[str]) -> None:
    """Raise a ProblemError if the sender is a web page, not this server's own and not `listed`."""
    sent = [header for header in headers if header[0] in _OF_BROWSERS]
    if not sent:
        return
    origins = [value.decode("latin-1").lower() for name, value in sent if name == b"origin"]
    hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    by_address = len(hosts) == 1 and _is_address(hosts[0])
    if not origins:  # some proxies drop Origin
        passes = by_address and all(value in (b"same-origin", b"none") for _, value in sent)
    else:
        # The page of this server comes from the host that its request is for.
        is_own = _ORIGIN.fullmatch(origins[0]) and [origins[0].partition("://")[2]] == hosts
        passes = len(origins) == 1 and (origins[0] in listed or bool(is_own and by_address))
    if not passes:
        origin = echo(", ".join(origins) or "another origin")
        detail = "expected a program or a page of this server, opened by IP address or localhost; "
        detail += f"got a web page of {origin}. The server's owners can list that in {ORIGINS}"
        raise ProblemError("wrong-origin", f"{detail}, or set API keys")


def _is_address(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False
