"""What one Output widget shows, after each message that it took: as JupyterLab would show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rtstore.schema import terminal_text
from rtstore.schema.cell_outputs import SHOWN, Output, output_of

MODULE, MODEL = "@jupyter-widgets/output", "OutputModel"
OUTPUTS_MAX, CHARS_MAX = 2_000, 10 * 2**20
"""All of it goes to the kernel and to each page with each change: more is only counted."""


@dataclass(slots=True)
class WidgetOutputs:
    """See the module."""

    outputs: list[Output] = field(default_factory=list)
    clears_on_next: bool = False
    """``clear_output(wait=True)`` came: the next output replaces all."""
    cursor: int = 0
    """Where the next text of the last stream is written."""
    chars: int = 0
    """About how many characters the outputs have."""
    left_out: int = 0
    """How many outputs are not there, as there are too many."""
    is_told: bool = True
    """Whether the kernel has them."""

    def as_json(self) -> dict[str, Any]:
        """What `of_json` takes."""
        return asdict(self)

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> WidgetOutputs:
        """What `as_json` told."""
        return cls(**told)

    def replace(self, outputs: object) -> None:
        """The kernel, or a page through it, says what the widget shows."""
        waits = self.clears_on_next  # as in JupyterLab, it clears what is put there meanwhile
        self._clear()
        for told in outputs if isinstance(outputs, list) else ():
            if isinstance(told, dict) and "output_type" in told:
                self._add(dict(told))
        self.clears_on_next, self.is_told = waits, True

    def take(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message that is for the widget."""
        if msg_type == "clear_output":
            if content.get("wait"):
                self.clears_on_next = True
            else:
                self._clear()
        elif msg_type in SHOWN:
            if self.clears_on_next:
                self._clear()
            self._add(output_of(msg_type, content))

    def _clear(self) -> None:
        self.outputs, self.clears_on_next, self.is_told = [], False, False
        self.cursor = self.chars = self.left_out = 0

    def _add(self, output: Output) -> None:
        self.is_told = False
        size = _size(output)
        if self.left_out or len(self.outputs) >= OUTPUTS_MAX or self.chars + size > CHARS_MAX:
            self._leave_out()
            return
        self.chars += size
        last = self.outputs[-1] if self.outputs else {}
        if output["output_type"] == "stream":
            text = _text(output)
            if (last.get("output_type"), last.get("name")) == ("stream", output.get("name")):
                last["text"], self.cursor = terminal_text.write(last["text"], self.cursor, text)
                return
            output["text"], self.cursor = terminal_text.write("", 0, text)
        self.outputs.append(output)

    def _leave_out(self) -> None:
        if self.left_out:
            self.outputs.pop()
        self.left_out += 1
        text = f"[rtstore: too much for a widget; outputs left out: {self.left_out}]\n"
        self.outputs.append({"output_type": "stream", "name": "stderr", "text": text})


def _text(stream: Output) -> str:
    text = stream.get("text", "")
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def _size(output: Output) -> int:
    return len(_text(output) if output["output_type"] == "stream" else str(output))
