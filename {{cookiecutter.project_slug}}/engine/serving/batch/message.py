"""What goes to a process that answers: what it must know first, and then parts."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from engine.serving.batch.parts import Parts
from engine.serving.batch.source import Bad, Part


@dataclass(frozen=True)
class Setting:
    """What a worker must know before its first part."""

    bundle: Path
    id: str
    rehearsal: bool
    written: bool
    schema: pa.Schema
    parts: Parts


def packed(part: Part) -> bytes:
    """A part as a message."""
    broken = [vars(bad) for bad in part.broken]
    told = {"number": part.number, "first": part.first, "broken": broken, "share": part.share}
    table = part.table.replace_schema_metadata({"part": json.dumps(told)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    made: bytes = sink.getvalue().to_pybytes()
    return made


def unpacked(message: bytes) -> Part:
    """What `packed` made a message of."""
    table = pa.ipc.open_stream(message).read_all()
    told = json.loads(table.schema.metadata[b"part"])
    broken = [Bad(**bad) for bad in told.pop("broken")]
    return Part(table=table.replace_schema_metadata(), broken=broken, **told)
