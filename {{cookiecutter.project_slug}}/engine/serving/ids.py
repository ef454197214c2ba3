"""Prediction ids: 32 hex digits that are unique and, with a key, cannot be forged.

The last 12 digits authenticate the first 20 then (HMAC-SHA256, RFC 2104, truncated to 48 bits).
"""

import hmac
import os
import sys
from collections.abc import Mapping, Sequence

from engine.problem.arguments import key_file, parse_keys, read_keys, secret
from engine.problem.errors import BadInput

KEY, FILE = "SERVING_ID_KEY", "SERVING_ID_KEY_FILE"
SHORTEST = 32  # a shorter one can be guessed from a few ids; `openssl rand -hex 32` makes one of 64
ID_BYTES, PROOF_BYTES = 16, 6
# Of a thousand million ids with 80 random bits, two collide with a chance of one in two million.
_RANDOM_BYTES = ID_BYTES - PROOF_BYTES
_AHEAD = 256  # drawn ahead: asking the system for its randomness costs more than the id


class Ids:
    """Makes ids, and verifies those made with its keys; without keys, accepts all."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._ready: list[str] = []
        self.use(keys)

    def use(self, keys: Sequence[bytes]) -> None:
        """Sign with the first key from now on, and verify with all."""
        # Copying a keyed HMAC is cheaper than making one for each id.
        self._hmacs = [hmac.new(key, digestmod="sha256") for key in keys]
        self._ready.clear()

    def new_id(self) -> str:
        """A new unique id."""
        if not self._ready:
            size = _RANDOM_BYTES if self._hmacs else ID_BYTES
            drawn = os.urandom(size * _AHEAD)
            for at in range(0, len(drawn), size):
                random = drawn[at : at + size]
                proof = _proof(self._hmacs[0], random) if self._hmacs else b""
                self._ready.append((random + proof).hex())
        return self._ready.pop()

    def is_valid(self, id_: str) -> bool:
        """Whether an id (32 hex digits) was made with one of the keys; takes constant time."""
        raw = bytes.fromhex(id_)
        random, proof = raw[:_RANDOM_BYTES], raw[_RANDOM_BYTES:]
        # A list, not a generator: every key is compared, as for API keys.
        matches = [hmac.compare_digest(proof, _proof(keyed, random)) for keyed in self._hmacs]
        return any(matches) or not matches


def _proof(keyed: hmac.HMAC, random: bytes) -> bytes:
    keyed = keyed.copy()
    keyed.update(random)
    return keyed.digest()[:PROOF_BYTES]


def keys_of(environment: Mapping[str, str] = os.environ) -> list[bytes]:
    """The keys that the environment gives or names; none without; BadInput if none is valid."""
    if KEY not in environment and FILE not in environment:
        return []
    keys = parse_keys(secret(KEY, environment), KEY, SHORTEST)
    if path := key_file(FILE, environment):
        keys += read_keys(path, "keys for ids", FILE, SHORTEST)
    if not keys:
        message = f"expected keys of at least {SHORTEST} characters in {KEY} or in the file that "
        message += f"{FILE} names, found none; make one with `openssl rand -hex 32`, or unset both"
        raise BadInput(f"{message} to accept labels for every id", code="no-valid-key")
    return [key.encode() for key in keys]


OURS = Ids()  # one process, one set of keys
new_id, is_valid = OURS.new_id, OURS.is_valid
if sys.platform != "win32":
    # Two processes with the same prepared ids would give them twice.
    os.register_at_fork(after_in_child=OURS._ready.clear)
