"""Bringing a cell's shared outputs to given ones, in the ways that JupyterLab's views follow.

Views take every insertion as an append, and a change of a stream's text as one of the last
output's end. So what differs is rewritten from there to the end, but for a stream that is last
and only grew or shrank at its end. See `jupyter-protocol`, rules for a writer at the server.
"""

from __future__ import annotations

from typing import Any

from pycrdt import Array, Map, Text

from rtstore.schema.canonical import same, shared
from rtstore.schema.live_text import set_tail
from rtstore.schema.sequences import common_start

_TERMINAL = ("\r", "\b")
"""Views show texts that hold these otherwise than they are: their ends can't be edited."""


def output_type(output: dict[str, Any]) -> Map[Any] | dict[str, Any]:
    """A shared output, ready to be put into a document: a stream's text can be typed into."""
    ready: dict[str, Any] = shared(output)
    if _is_stream(ready) and isinstance(ready.get("text"), str):
        ready["text"] = Text(ready["text"])
    return Map(ready)


def set_outputs(live: Array[Any], wanted: list[dict[str, Any]]) -> bool:
    """Bring `live` to `wanted`; whether anything changed."""
    now: list[Any] = live.to_py() or []
    kept = 0
    while kept < min(len(now), len(wanted)) and same(now[kept], wanted[kept]):
        kept += 1
    if kept == len(now) == len(wanted):
        return False
    if len(now) == len(wanted) == kept + 1 and _is_tail(live[kept], now[kept], wanted[kept]):
        return set_tail(live[kept]["text"], wanted[kept]["text"])
    first = _first_rewritten(now, wanted, kept)
    if first < len(now):
        del live[first:]
    live.extend([output_type(output) for output in wanted[first:]])
    return True


def _is_stream(output: Any) -> bool:  # noqa: ANN401 -- a live document may hold anything
    return isinstance(output, dict) and output.get("output_type") == "stream"


def _is_tail(live: Any, now: dict[str, Any], wanted: dict[str, Any]) -> bool:  # noqa: ANN401
    """Whether the change is one of the end of one stream's text, and the text is shared.

    A text that has nothing of the old one is a new output: quicker for views than to delete all.
    """
    if not (_is_stream(now) and _is_stream(wanted) and isinstance(live, Map)):
        return False
    if not isinstance(live["text"], Text) or not same(_frame(now), _frame(wanted)):
        return False
    old, new = now["text"], wanted["text"]
    if any(sign in text for sign in _TERMINAL for text in (old, new)):
        return False
    kept = common_start(old, new)
    return bool(kept) or not (old and new)


def _frame(output: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in output.items() if key != "text"}


def _first_rewritten(now: list[Any], wanted: list[dict[str, Any]], kept: int) -> int:
    """Where to begin, so that no view joins a new stream to an output that is none.

    Views remember the name of the last stream after it was deleted, and join the next stream
    of that name to whatever is last then. Writing the output before it anew makes them forget.
    """
    deleted = {output.get("name") for output in now[kept:] if _is_stream(output)}
    first = kept
    while 0 < first < len(wanted) and _is_stream(wanted[first]):
        name = wanted[first].get("name")
        previous = wanted[first - 1]
        if name not in deleted or (_is_stream(previous) and previous.get("name") == name):
            break
        first -= 1
    return first
