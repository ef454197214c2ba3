"""Prediction ids: 32 hex digits that are never given twice and, with a key, that nobody can invent.

With a key the last 12 digits prove the first 20 (HMAC-SHA256, RFC 2104, cut to 48 bits), so every
server that has the key tells an id of its siblings from an invented one, and nobody need remember
which were given. Without, ids are random, and all that look like one are taken.

The keys come from the environment or a mounted file. The first makes ids, all of them prove: to
replace one, add the new one last everywhere, then put it first, and keep the old one as long as
labels may be late.
"""

import hmac
import os
import sys
from collections.abc import Mapping, Sequence

from engine.problem.arguments import secret
from engine.problem.errors import BadInput
from engine.problem.keys import key_file, parse_keys, read_keys

KEY, FILE = "SERVING_ID_KEY", "SERVING_ID_KEY_FILE"
# A shorter one can be guessed from a few ids; `openssl rand -hex 32` makes one of 64.
SHORTEST = 32
ID_BYTES, PROOF_BYTES = 16, 6
# Of a thousand million ids with 80 random bits, two are alike in one case of two million.
_RANDOM_BYTES = ID_BYTES - PROOF_BYTES
# Drawn ahead: asking the system for its randomness costs more than the id.
_AHEAD = 256


class Ids:
    """Makes ids, and knows those made with its keys; without keys, all that look like one."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._ready: list[str] = []
        self.use(keys)

    def use(self, keys: Sequence[bytes]) -> None:
        """Make ids with the first key from now on, and know those of all."""
        # A copy of what has taken the key in is cheaper than taking it in for each id.
        self._proofs = [hmac.new(key, digestmod="sha256") for key in keys]
        self.forget()

    def forget(self) -> None:
        """Let go what was drawn ahead: another process may have it too."""
        self._ready.clear()

    def new_id(self) -> str:
        """An id that was never given."""
        try:
            return self._ready.pop()
        except IndexError:
            self._ready += self._drawn()
            return self._ready.pop()

    def known(self, given: str) -> bool:
        """Whether `given`, 32 hex digits, was made with one of the keys; without keys it is.

        It takes as long whichever digit is wrong.
        """
        raw = bytes.fromhex(given)
        random, told = raw[:_RANDOM_BYTES], raw[_RANDOM_BYTES:]
        # No early end, as for API keys.
        found = [hmac.compare_digest(told, _cut(proof, random)) for proof in self._proofs]
        return any(found) or not found

    def _drawn(self) -> list[str]:
        size = _RANDOM_BYTES if self._proofs else ID_BYTES
        drawn = os.urandom(size * _AHEAD)
        parts = [drawn[at : at + size] for at in range(0, len(drawn), size)]
        if not self._proofs:
            return [part.hex() for part in parts]
        return [(part + _cut(self._proofs[0], part)).hex() for part in parts]


def _cut(proof: hmac.HMAC, random: bytes) -> bytes:
    proof = proof.copy()
    proof.update(random)
    return proof.digest()[:PROOF_BYTES]


def keys_of(environment: Mapping[str, str] = os.environ) -> list[bytes]:
    """The keys that the environment gives or names, the first to make ids with; none is fine.

    Raises:
        BadInput: it speaks of keys, and there is none that may be used.
    """
    if KEY not in environment and FILE not in environment:
        return []
    keys = parse_keys(secret(KEY, environment), KEY, SHORTEST)
    if path := key_file(FILE, environment):
        keys += read_keys(path, "keys for ids", FILE, SHORTEST)
    if not keys:
        raise BadInput(
            f"expected keys of at least {SHORTEST} characters in {KEY} or in the file that {FILE} "
            "names, found none; make one with `openssl rand -hex 32`, or unset both to take "
            "labels for every id"
        )
    return [key.encode() for key in keys]


# One process, one set of keys: whoever gives an id needs nothing but this.
OURS = Ids()
new_id, known = OURS.new_id, OURS.known
if sys.platform != "win32":
    os.register_at_fork(after_in_child=OURS.forget)
