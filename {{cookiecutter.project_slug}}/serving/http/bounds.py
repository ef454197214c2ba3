"""How much JSON a request may hold: counted in its bytes, before a parser makes objects of them.

A body of 1 MB can hold 330,000 empty objects. Parsing those costs memory, and an error message for
each of them costs seconds, so a body with more values than any request needs is refused unparsed.
"""

from dataclasses import dataclass

from handoff.bundle import Contract
from serving.http.errors import Refusal

# Every value begins a list or an object, or follows a comma.
_OTHER_BYTES = bytes(set(range(256)) - set(b",[{"))
_OTHER_BYTES_BUT_QUOTES = bytes(set(_OTHER_BYTES) - set(b'"'))
# The largest form of a request is a tensor per column with each value in a list of its own: two
# marks a value. Twice as much may pass, so that a request with a few rows or fields too many gets
# the exact error.
_MARKS = 4
# Room for what stands around the rows: names, shapes, parameters.
_AROUND = 20


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
            raise Refusal(
                "too-many-values",
                f"expected at most {self.rows:,} rows of {self.fields} fields, got many more "
                "values; send its rows in several requests",
            )

    @property
    def _objects(self) -> int:
        return 2 * (self.rows + self.fields) + _AROUND

    def _exceeded(self, text: bytes) -> bool:
        marks = len(text.translate(None, _OTHER_BYTES))
        most = _MARKS * (self.rows + _AROUND) * (self.fields + _AROUND)
        return marks > most or text.count(b"{") > self._objects


def outside_strings(body: bytes) -> bytes:
    """The commas and opening brackets of a JSON text that stand outside of its strings."""
    marks = without_escapes(body).translate(None, _OTHER_BYTES_BUT_QUOTES)
    # Every other piece between two quotes is a string.
    return b"".join(marks.split(b'"')[::2])


def without_escapes(body: bytes) -> bytes:
    """The same JSON text without escaped quotes: each quote left begins or ends a string."""
    if b"\\" not in body:
        return body
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")
