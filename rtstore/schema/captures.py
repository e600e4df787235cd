"""Captures: which Output widget takes what is said to a request, by the kernel's log alone.

An Output widget says in its state `msg_id` whose outputs it takes. What it takes is shown in the
widget and nowhere else. Source: ipywidgets' ``Output``, the message hooks of JupyterLab's kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CLOSING = frozenset({"comm_msg", "comm_close"})
"""Types of messages after which it may be another's."""
CAPTURED = frozenset({"stream", "display_data", "execute_result", "error", "clear_output"})
"""Types of messages that a widget takes."""


class Captures:
    """See the module. Give it each message of CLOSING, and tell it when the kernel starts."""

    def __init__(self, told: Mapping[str, Sequence[str]] | None = None) -> None:
        self._stacks: dict[str, list[str]] = {k: list(v) for k, v in (told or {}).items()}

    def as_json(self) -> dict[str, list[str]]:
        """What the constructor takes: request → widgets, the last takes."""
        return self._stacks

    def by(self, parent: str) -> str:
        """The widget (its comm's id) that takes what is said to a request; '' for none."""
        stack = self._stacks.get(parent)
        return stack[-1] if stack else ""

    def take(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of CLOSING."""
        comm = str(content.get("comm_id", ""))
        if msg_type == "comm_close":
            self._let_go(comm)
            return
        state = state_of(content, "update")
        if "msg_id" not in state:
            return
        msg_id = state["msg_id"] if isinstance(state["msg_id"], str) else ""
        if msg_id and comm in self._stacks.get(msg_id, ()):
            return  # a whole state, told again to somebody who asked
        self._let_go(comm)
        if msg_id:
            self._stacks.setdefault(msg_id, []).append(comm)

    def forget(self) -> None:
        """The kernel was started again: its widgets are gone."""
        self._stacks.clear()

    def _let_go(self, comm: str) -> None:
        for msg_id, stack in list(self._stacks.items()):
            if comm in stack:
                stack.remove(comm)
                if not stack:
                    del self._stacks[msg_id]


def state_of(content: Mapping[str, Any], *methods: str) -> dict[str, Any]:
    """The state that a widget's message brings by one of `methods`; {} if it brings none."""
    data = content.get("data")
    if not isinstance(data, dict) or data.get("method") not in methods:
        return {}
    state = data.get("state")
    return state if isinstance(state, dict) else {}


def is_start(msg_type: str, content: Mapping[str, Any]) -> bool:
    """Whether a message of iopub says that the kernel was started."""
    return msg_type == "status" and content.get("execution_state") == "starting"
