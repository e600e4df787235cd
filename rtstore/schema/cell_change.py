"""CellChange: what is to be changed in one cell of a notebook, after what its kernel said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rtstore.schema import giants, prompts

Output = dict[str, Any]


@dataclass(slots=True)
class CellChange:
    """See the module."""

    outputs: list[Output] | None = None
    """All its outputs but for a question, if they change."""
    question: Output | None = None
    """What stands for a question of the run (`prompts.output`), while it has `outputs`.

    Apart from them, so that what is said meanwhile is added as if it was not there.
    """
    values: dict[str, Any] = field(default_factory=dict)
    """execution_state, execution_count."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Keys to set; None deletes one."""
    next_input: str | None = None
    """Source of a cell to add below."""
    source: str | None = None
    """Source to replace the cell's by."""

    def begin_from(self, outputs: list[Output] | None) -> None:
        """Take what the document has; None: no such cell."""
        if outputs is None:
            return
        questions = [output for output in outputs if prompts.is_prompt(output)]
        self.question = questions[-1] if questions else None
        self.outputs = [output for output in outputs if not prompts.is_prompt(output)]

    @property
    def shown(self) -> list[Output] | None:
        """All its outputs, if they change: the question is last, wherever it was asked."""
        if self.outputs is None or self.question is None:
            return self.outputs
        return [*self.outputs, self.question]

    @property
    def rewritten(self) -> int:
        """About how many characters the next text of the stream above a question writes anew.

        A page takes additions to the last output only, and a question is that: the stream is
        written anew, and what is above it too (see `live_outputs`).
        """
        if self.question is None or not self.outputs or not _is_stream(self.outputs[-1]):
            return 0
        anew = 0
        for output in reversed(self.outputs):
            anew += giants.size(output)
            if not _is_stream(output):
                break
        return anew


def _is_stream(output: Output) -> bool:
    return output.get("output_type") == "stream"
