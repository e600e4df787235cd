"""What a code cell shows, after each message of its kernel: as JupyterLab would show it.

Outputs are plain dicts as in a notebook file, a stream's text one string. They live in the shared
document; a CellOutputs is only what the next message needs to know besides them, and is kept
beside the cursor, so that any worker goes on where another stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rtstore.schema import terminal_text

Output = dict[str, Any]

SHOWN = frozenset({"stream", "display_data", "execute_result", "error"})
"""Types of iopub messages that are outputs."""
WITH_DISPLAY_ID = frozenset({"display_data", "execute_result", "update_display_data"})


@dataclass(slots=True)
class CellOutputs:
    """See the module."""

    run: str
    """The run whose messages are shown."""
    clears_on_next: bool = False
    """``clear_output(wait=True)`` came: the next output replaces all."""
    number: int = 0
    """How many outputs we left in the document; another number: somebody else was there."""
    chars: int = 0
    """Length of the last stream's text as we left it."""
    cursor: int = 0
    """Where the next text of that stream is written."""
    displays: dict[str, list[int]] = field(default_factory=dict)
    """display_id → indexes of outputs."""

    def as_json(self) -> dict[str, Any]:
        """What `of_json` takes, without what is as it begins."""
        told = asdict(self)
        return {key: value for key, value in told.items() if value}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> CellOutputs:
        """The state that `as_json` told."""
        return cls(**told)

    # -- what messages do ------------------------------------------------------------------

    def clear(self, outputs: list[Output], *, wait: bool = False) -> None:
        """``clear_output``."""
        if wait:
            self.clears_on_next = True
            return
        self.clears_on_next = False
        outputs.clear()
        self.displays.clear()
        self.number = 0

    def add(self, outputs: list[Output], output: Output) -> None:
        """One more output; text of the stream that is last goes to its end."""
        if self.clears_on_next:
            self.clear(outputs)
        if output["output_type"] == "stream":
            self._write(outputs, str(output["name"]), str(output["text"]))
        else:
            outputs.append(output)
        self.number = len(outputs)

    def _write(self, outputs: list[Output], name: str, text: str) -> None:
        last = outputs[-1] if outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            now = str(last.get("text", ""))
            is_ours = self.number == len(outputs) and self.chars == len(now)
            at = self.cursor if is_ours else len(now)
            last["text"], self.cursor = terminal_text.write(now, at, text)
        else:
            written, self.cursor = terminal_text.write("", 0, text)
            outputs.append({"output_type": "stream", "name": name, "text": written})
        self.chars = len(outputs[-1]["text"])

    def register(self, outputs: list[Output], display_id: str) -> None:
        """The output added last can be replaced under `display_id`."""
        self.displays.setdefault(display_id, []).append(len(outputs) - 1)

    def update(self, outputs: list[Output], display_id: str, output: Output) -> bool:
        """Replace what is shown under `display_id`; whether anything is."""
        if self.number != len(outputs):  # the user cleared them, or wrote outputs: not ours
            self.displays.clear()
        found = [i for i in self.displays.get(display_id, ()) if i < len(outputs)]
        for index in found:
            outputs[index] = {**output, "output_type": "display_data"}
            outputs[index].pop("execution_count", None)
        return bool(found)


def output_of(msg_type: str, content: Mapping[str, Any]) -> Output:
    """The output that a message of a type in SHOWN (or an update) says."""
    match msg_type:
        case "stream":
            return {
                "output_type": "stream",
                "name": str(content.get("name", "stdout")),
                "text": str(content.get("text", "")),
            }
        case "error":
            return {
                "output_type": "error",
                "ename": str(content.get("ename", "")),
                "evalue": str(content.get("evalue", "")),
                "traceback": [str(line) for line in content.get("traceback") or ()],
            }
        case _:
            output: Output = {
                "output_type": msg_type,
                "data": _object(content.get("data")),
                "metadata": _object(content.get("metadata")),
            }
            if msg_type == "execute_result":
                output["execution_count"] = content.get("execution_count")
            return output


def display_id_of(content: Mapping[str, Any]) -> str:
    """The display_id of a display message; '' if it has none."""
    return str(_object(content.get("transient")).get("display_id") or "")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
