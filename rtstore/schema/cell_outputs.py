"""What a code cell shows, after each message of its kernel: as JupyterLab would show it.

Outputs are plain dicts as in a notebook file, a stream's text one string. They live in the shared
document; a CellOutputs is only what the next message needs to know besides them, and is kept
beside the cursor, so that any worker goes on where another stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rtstore.errors import BadDocument
from rtstore.schema import giants, prompts, terminal_text
from rtstore.schema.canonical import plain
from rtstore.schema.giants import Beside

Output = dict[str, Any]

OURS = "rtstore"
SHOWN = frozenset({"stream", "display_data", "execute_result", "error"})
"""Types of iopub messages that are outputs."""
GROWN = 1.25
"""A number that grows is told again when it has grown by so much: not with each message."""
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
    """Length of the last stream's text as we left it; -1 where it is not ours."""
    cursor: int = 0
    """Where the next text of that stream is written."""
    displays: dict[str, list[int]] = field(default_factory=dict)
    """display_id → indexes of outputs."""
    held: int = 0
    """About how many characters the outputs have."""
    spill: str = ""
    """Where the last stream's text goes that the document does not hold."""
    spilled: int = 0
    """How many characters went there."""
    spills: int = 0
    """How many there were."""
    cut: int = 0
    """How many more did not: it was full."""
    left_out: int = 0
    """How many outputs are not shown, as there are too many."""

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
        self.number = self.held = self.left_out = 0
        self.spill = ""

    def add(self, outputs: list[Output], output: Output, beside: Beside) -> bool:
        """One more output; text of the stream that is last goes to its end.

        Whether it is there: it may be one too many.
        """
        if self.clears_on_next:
            self.clear(outputs)
        self._compare(outputs)
        left_out = self.left_out
        if output["output_type"] == "stream":
            self._write(outputs, str(output["name"]), str(output["text"]), beside)
        elif len(outputs) >= beside.outputs_max:
            self._leave_out(outputs, beside)
        else:
            outputs.append(self._small(output, beside))
        self.number = len(outputs)
        return self.left_out == left_out

    def _compare(self, outputs: list[Output]) -> None:
        """Forget what we know of outputs that a user cleared, or put there: as a page does."""
        if self.number == len(outputs):
            return
        self.displays.clear()
        self.held = sum(map(giants.size, outputs))
        self.number, self.chars, self.spill = len(outputs), -1, ""
        self.left_out = int(giants.mark(outputs[-1], "left_out") or 0) if outputs else 0

    def fits(self, outputs: list[Output]) -> bool:
        """Whether these may be what we left: nobody else added, removed or wrote any."""
        told = [output for output in outputs if not prompts.is_prompt(output)]
        if len(told) != self.number or len(outputs) > len(told) + 1:
            return False
        last = told[-1] if told else {}
        is_text = last.get("output_type") == "stream" and self.chars >= 0
        return not is_text or len(str(last.get("text", ""))) == self.chars

    def _small(self, output: Output, beside: Beside) -> Output:
        is_full = self.held > giants.CELL_CHARS_MAX
        chars_max = giants.SMALL_CHARS_MAX if is_full else giants.INLINE_CHARS_MAX
        small = giants.shrunk(output, beside, chars_max=chars_max)
        self.held += giants.size(small)
        return small

    def _leave_out(self, outputs: list[Output], beside: Beside) -> None:
        self.left_out += 1
        told = giants.mark(outputs[-1], "left_out")
        notice = giants.left_out(self.left_out, url=beside.run_url(self.run))
        if told is None:
            outputs.append(notice)
        elif self.left_out >= GROWN * told:
            outputs[-1] = notice

    def _write(self, outputs: list[Output], name: str, text: str, beside: Beside) -> None:
        last = outputs[-1] if outputs else {}
        told = giants.mark(last, "rest")
        if isinstance(told, dict) and told.get("spill") == self.spill and told.get("name") == name:
            self._add_to_spill(outputs, text, beside)
            return
        is_new = (last.get("output_type"), last.get("name")) != ("stream", name)
        if is_new and len(outputs) >= beside.outputs_max:
            self._leave_out(outputs, beside)
            return
        if last.get("output_type") == "stream" and last.get("name") == name:
            now = str(last.get("text", ""))
            at = self.cursor if self.chars == len(now) else len(now)
            last["text"], self.cursor = terminal_text.write(now, at, text)
        else:
            written, self.cursor = terminal_text.write("", 0, text)
            outputs.append({"output_type": "stream", "name": name, "text": written})
        head, more = giants.split(outputs[-1]["text"])
        self.chars = len(head)
        if more:
            outputs[-1]["text"] = head
            # Never a name again, also after the outputs were cleared: a spill only grows.
            self.spills += 1
            self.spill, self.spilled, self.cut = f"{self.run}.{self.spills}", 0, 0
            outputs.append(giants.rest(name, 0, beside, spill=self.spill))
            self._add_to_spill(outputs, more, beside)

    def _add_to_spill(self, outputs: list[Output], text: str, beside: Beside) -> None:
        kept = text[: max(giants.SPILL_CHARS_MAX - self.spilled, 0)]
        if kept:
            beside.spills[self.spill] = beside.spills.get(self.spill, "") + kept
        is_first_cut = len(kept) < len(text) and not self.cut
        self.spilled += len(kept)
        self.cut += len(text) - len(kept)
        told = giants.mark(outputs[-1], "rest")
        told_chars = told["chars"] + told.get("cut", 0)
        if is_first_cut or self.spilled + self.cut >= GROWN * told_chars:
            outputs[-1] = self._rest(str(told["name"]), beside)

    def _rest(self, name: str, beside: Beside) -> Output:
        return giants.rest(name, self.spilled, beside, spill=self.spill, cut=self.cut)

    def settle(self, outputs: list[Output], beside: Beside) -> None:
        """The run is over: numbers that were told roughly are told exactly."""
        if not outputs:
            return
        told = giants.mark(outputs[-1], "rest")
        if isinstance(told, dict) and told.get("spill") == self.spill != "":
            outputs[-1] = self._rest(str(told["name"]), beside)
        elif giants.mark(outputs[-1], "left_out"):
            outputs[-1] = giants.left_out(self.left_out, url=beside.run_url(self.run))

    def register(self, outputs: list[Output], display_id: str) -> None:
        """The output added last can be replaced under `display_id`."""
        self.displays.setdefault(display_id, []).append(len(outputs) - 1)

    def update(
        self, outputs: list[Output], display_id: str, output: Output, beside: Beside
    ) -> bool:
        """Replace what is shown under `display_id`; whether anything is."""
        self._compare(outputs)
        found = [i for i in self.displays.get(display_id, ()) if i < len(outputs)]
        for index in found:
            shown = giants.shrunk(output, beside) | {"output_type": "display_data"}
            shown.pop("execution_count", None)
            outputs[index] = shown
        return bool(found)


def output_of(msg_type: str, content: Mapping[str, Any]) -> Output:
    """The output that a message of a type in SHOWN (or an update) says, as a document can hold it.

    What no document can hold (a number over 1.8e308, a bundle nested too deeply) is an error
    output that says so.
    """
    try:
        output: Output = plain(_output_of(msg_type, content))
    except (BadDocument, RecursionError) as error:
        why = f"this output can't be shown: it {error}"
        return {"output_type": "error", "ename": "OutputError", "evalue": why, "traceback": [why]}
    return output


def _output_of(msg_type: str, content: Mapping[str, Any]) -> Output:
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
                # What is told there under our name is ours to tell.
                "metadata": {
                    k: v for k, v in _object(content.get("metadata")).items() if k != OURS
                },
            }
            if msg_type == "execute_result":
                output["execution_count"] = content.get("execution_count")
            return output


def display_id_of(content: Mapping[str, Any]) -> str:
    """The display_id of a display message; '' if it has none."""
    return str(_object(content.get("transient")).get("display_id") or "")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
