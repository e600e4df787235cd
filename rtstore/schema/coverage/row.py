"""Row: what rtstore has for one route or message of Jupyter's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """What rtstore has for it."""

    RECORD = "live record"
    """What it answers is in records, which change by themselves."""
    ACTION = "action"
    """It can be asked for through the store, and everybody sees what became of it."""
    PASSED = "passed through"
    """Jupyter answers it as ever."""
    OUT = "out of scope"


@dataclass(frozen=True, slots=True)
class Route:
    """A path and method of Jupyter Server's; ``WEBSOCKET`` is a method here."""

    method: str
    path: str
    """As the specification spells it."""
    right: str
    """``resource:action`` as its handler checks it; '' if it checks none."""
    how: How
    what: tuple[str, ...] = ()
    """Records or actions."""
    because: str = ""
    """Why it is passed through or out of scope."""
    is_specified: bool = True
    """Whether an OpenAPI file of Jupyter's lists it; else only the handlers have it."""

    @property
    def name(self) -> str:
        """As actions name what they stand for."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message type of the Jupyter messaging specification."""

    type: str
    channels: str
    """On which it travels, with commas between."""
    how: How
    what: tuple[str, ...] = ()
    because: str = ""
    is_specified: bool = True
    """Whether the specification (5.5) has it; else only programs have it."""
