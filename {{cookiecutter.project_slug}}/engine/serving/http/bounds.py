"""How much JSON a request may hold: counted in its bytes, before a parser makes objects of them.

A body of 1 MB can hold 330,000 empty objects. Parsing those costs memory, and an error message for
each of them costs seconds, so a body with more values than any request needs is refused unparsed.
"""

from dataclasses import dataclass

from engine.bundle.bundle import Contract
from engine.serving.http.errors import ProblemError

# Every value begins a list or an object, or follows a comma.
_OTHER_BYTES = bytes(set(range(256)) - set(b",[{"))
_OTHER_BYTES_BUT_QUOTES = bytes(set(_OTHER_BYTES) - set(b'"'))
# The largest form of a request is a tensor per column with each value in a list of its own: two
# marks a value. Some more may pass, so that a few rows or fields too many get the exact error.
_MARKS = 3
# Around the values: what stands once for each field, such as its name and shape.
_AROUND = 20
_CHUNK = 65_536


@dataclass(frozen=True)
class Bound:
    """The most that a request may hold: `rows` rows of `fields` fields."""

    rows: int
    fields: int

    @classmethod
    def of(cls, contract: Contract, rows: int) -> "Bound":
        """The bound of a request for predictions."""
        return cls(rows, len(contract.inputs))

    def check(self, body: bytes) -> None:
        """Raise a Refusal if a body of JSON has more values than any request needs.

        Commas and brackets inside of strings do not count.
        """
        if len(body) <= self._objects:
            return
        if self._exceeded(body) and self._exceeded(outside_strings(body)):
            raise ProblemError(
                "too-many-values",
                f"expected at most {self.rows:,} rows of {self.fields} fields, got many more "
                "values; send its rows in several requests",
            )

    @property
    def _objects(self) -> int:
        return 2 * (self.rows + self.fields) + _AROUND

    def _exceeded(self, text: bytes) -> bool:
        marks = len(text.translate(None, _OTHER_BYTES))
        most = (_MARKS * self.rows + _AROUND) * (self.fields + 1) + _AROUND
        return marks > most or text.count(b"{") > self._objects


def outside_strings(body: bytes) -> bytes:
    """The commas and opening brackets of a JSON text that stand outside of its strings."""
    marks = without_escapes(body).translate(None, _OTHER_BYTES_BUT_QUOTES)
    outside, in_string = [], 0
    for start in range(0, len(marks), _CHUNK):  # at once, a piece for each string is 30 MB
        pieces = marks[start : start + _CHUNK].split(b'"')
        # Every other piece between two quotes is a string.
        outside.append(b"".join(pieces[in_string::2]))
        in_string = (in_string + len(pieces) - 1) % 2
    return b"".join(outside)


def without_escapes(body: bytes) -> bytes:
    """The same JSON text without escaped quotes: each quote left begins or ends a string."""
    if b"\\" not in body:
        return body
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")
