"""RunTimes: when what happened in runs whose cells' metadata are to hold it.

In ``metadata.execution`` of the cell, under the names and in the form of JupyterLab.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_REPLY = "shell.execute_reply"


class RunTimes:
    """See the module. `want`, then `note` what the kernel says, then `pop`."""

    def __init__(self, told: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._timed = {run: dict(times) for run, times in (told or {}).items()}

    def as_json(self) -> dict[str, dict[str, str]]:
        """What the constructor takes: run → what → when."""
        return self._timed

    def want(self, run_id: str) -> None:
        """Times of this run are to be kept."""
        self._timed[run_id] = {}

    def are_wanted(self, run_id: str) -> bool:
        """Whether times of this run are kept."""
        return run_id in self._timed

    def note(self, kind: str, run_id: str, content: Mapping[str, Any], ts_ms: int) -> None:
        """A message that has a time: the kernel's own, else when it was heard."""
        times = self._timed.get(run_id)
        if times is None:
            return
        at = content.get("date")
        date = at if isinstance(at, str) and at else _iso(ts_ms)
        if kind == "execute_reply":
            times[_REPLY] = date
            if isinstance(started := content.get("started"), str) and started:
                times[f"{_REPLY}.started"] = started
        elif kind == "status":
            times[f"iopub.status.{content.get('execution_state')}"] = date
        else:
            times[f"iopub.{kind}"] = date

    def pop(self, run_id: str, ts_ms: int) -> dict[str, str]:
        """The run is over: its times; {} if they are not wanted."""
        times = self._timed.pop(run_id, None)
        return {_REPLY: _iso(ts_ms)} | times if times else {}


def _iso(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
