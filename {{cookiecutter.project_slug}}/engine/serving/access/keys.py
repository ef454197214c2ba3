"""API keys: several at a time, so that one can replace another without a gap.

They come from the environment or a mounted file, never from the command line, which other users of
the machine can read. The server holds only their digests.
"""

import logging
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from engine.problem.arguments import key_file, parse_keys, read_keys, secret
from engine.problem.errors import BadInput

KEYS, FILE = "SERVING_API_KEYS", "SERVING_API_KEYS_FILE"
# A shorter one can be guessed; `openssl rand -hex 32` makes one of 64.
SHORTEST = 20
# How often a file is checked: a key that was removed from it may work for so long.
CHECK_SECONDS = 1.0
SCHEME = "bearer"  # in any case: RFC 9110, section 11.1

logger = logging.getLogger("engine.serving.access.keys")


class Keys:
    """The keys that are valid now; those of a file change with it."""

    def __init__(self, text: str, path: Path | None) -> None:
        """Read `text` and the file; raise BadInput if a key cannot be used, or there is none."""
        self._given = _digests(parse_keys(text, KEYS, SHORTEST))
        self._path = path
        self._stamp = _stamp(path) if path else None
        self._filed = _read(path) if path else ()
        self._check_at = time.monotonic() + CHECK_SECONDS
        if not self._given and not self._filed:
            raise BadInput(
                f"expected at least one API key in {KEYS} or in the file that {FILE} names, got "
                "none; put one there, a line each, or unset both to serve everybody",
                code="no-api-key",
            )

    def admit(self, authorization: str) -> bool:
        """Whether an Authorization header holds a valid key; takes as long for every key."""
        self._reload()
        scheme, _, key = authorization.partition(" ")
        digest = sha256(key.strip().encode("latin-1")).digest()
        # No early end: the duration must not depend on which key is similar.
        equal = [compare_digest(digest, valid) for valid in (*self._given, *self._filed)]
        return scheme.lower() == SCHEME and any(equal)

    def _reload(self) -> None:
        """Read the file again if it changed; the keys stay if it cannot be read."""
        now = time.monotonic()
        if self._path is None or now < self._check_at:
            return
        self._check_at = now + CHECK_SECONDS
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._filed, self._stamp = _read(self._path), stamp
                logger.warning("API keys reloaded: the file has %d.", len(self._filed))
        except BadInput as error:
            logger.error("API keys not reloaded, the previous ones stay valid: %s", error)


def keys_of(environment: Mapping[str, str] = os.environ) -> Keys | None:
    """The keys that the environment gives or names; None where neither variable is set."""
    if KEYS not in environment and FILE not in environment:
        return None
    return Keys(secret(KEYS, environment), key_file(FILE, environment))


def _read(path: Path) -> tuple[bytes, ...]:
    keys = read_keys(path, "API keys", FILE, SHORTEST)
    if not keys:
        raise BadInput(
            f"expected API keys in {path}, a line each, got none; put one there, or name another "
            f"file in {FILE}",
            code="no-api-key",
        )
    return _digests(keys)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What differs after every change of a file, also after a swap of what a link points to.

    None where the file cannot be read: `_read` then raises an error with the reason.
    """
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


def _digests(keys: list[str]) -> tuple[bytes, ...]:
    return tuple(sha256(key.encode()).digest() for key in keys)
