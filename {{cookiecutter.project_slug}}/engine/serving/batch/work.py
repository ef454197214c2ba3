"""A process of its own that answers parts: it has a model of its own, and one core."""

import json
import signal
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa
from threadpoolctl import threadpool_limits

from engine.bundle import bundle as bundles
from engine.problem.errors import BadInput
from engine.serving.batch.answers import answer
from engine.serving.batch.message import Setting, unpacked
from engine.serving.batch.parts import REFUSED, no_room
from engine.serving.batch.validation import Judge
from engine.serving.model.predictor import load


def work(link: Connection, setting: Setting) -> None:
    """Say that the model is ready, then answer each part that comes and keep it on the disk.

    What it says are JSON objects: `ready`, the number of a part `done` with its counts, `bad` for
    what a person can mend, or `defect`. It ends when nobody is there any more to listen.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    try:
        try:
            _answer_all(link, setting)
        except (EOFError, ConnectionError):
            return
        except BadInput as error:
            _say(link, bad=str(error))
        except OSError as error:
            _say(link, bad=str(no_room(setting.parts.out, error)))
        except Exception:
            _say(link, defect=traceback.format_exc())
    except OSError:
        return


def _answer_all(link: Connection, setting: Setting) -> None:
    pa.set_cpu_count(1)
    bundle = bundles.read(setting.bundle)
    if bundle.id != setting.id:
        raise BadInput(f"{setting.bundle} was exchanged meanwhile: it holds bundle {bundle.id}")
    predictor = load(bundle, rehearsal=setting.rehearsal)
    judge = Judge(bundle.contract, written=setting.written)
    with threadpool_limits(limits=1):
        _say(link, ready=True)
        while True:
            part = unpacked(link.recv_bytes())
            try:
                answers, refused = answer(predictor, judge, part, setting.schema)
            except pa.ArrowException as error:
                raise BadInput(
                    f"the file cannot be read as UTF-8 text from row {part.first:,} on, or within "
                    f"the next {len(part.table):,}: {error!s:.300}; write it anew"
                ) from None
            bad = pa.Table.from_pylist([vars(one) for one in refused], REFUSED)
            _say(
                link, done=part.number, counts=vars(setting.parts.write(part.number, answers, bad))
            )


def _say(link: Connection, **words: Mapping[str, Any] | str | int | bool) -> None:
    link.send_bytes(json.dumps(words).encode())
