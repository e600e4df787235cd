"""What a kernel is asked: the frames of requests, and as they are kept with a run."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import Run


def execute(sender: Sender, run: Run) -> list[bytes]:
    """To run a cell. The same bytes whenever they are made: a kernel takes them once."""
    content = {
        "code": run.source,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": True,
        "stop_on_error": not run.may_fail,
    }
    metadata = {"cellId": run.cell, "deletedCells": []}
    asked = datetime.fromtimestamp(int(run.requested or 0) / 1000, UTC)
    return sender.request(
        "execute_request", content, msg_id=run.id, date=_date(asked), metadata=metadata
    )


def kernel_info(sender: Sender, msg_id: str) -> list[bytes]:
    """What any kernel answers, after what it was asked before."""
    return sender.request("kernel_info_request", {}, msg_id=msg_id, date=now())


def packed(frames: list[bytes]) -> str:
    """As they are kept."""
    return json.dumps([base64.b64encode(frame).decode() for frame in frames])


def kept(run: Run) -> list[bytes]:
    """The same frames again."""
    return [base64.b64decode(frame) for frame in json.loads(run.frames)]


def now() -> str:
    """The date of a message."""
    return _date(datetime.now(UTC))


def _date(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
