"""What a page shows below a cell, beside what the outputs in the document say that it must."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from tests.support.people import Person

SHOWN_MAX = 50
"""JupyterLab shows so many outputs of one cell, and a button for the rest."""
_CELL = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell"
_READ = f"""number => {{
  const cell = document.querySelectorAll('{_CELL}')[number];
  return [...cell.querySelectorAll('.jp-OutputArea-output')].map(output => {{
    const sees = {{
      img: [...output.querySelectorAll('img')].some(i => i.complete && i.naturalWidth > 0),
      table: output.querySelector('table'),
      math: output.querySelector('mjx-container, .MathJax'),
      tree: output.querySelector('ul'),
      widget: output.querySelector('.jupyter-widgets'),
    }};
    return {{text: output.innerText, sees: Object.keys(sees).filter(kind => sees[kind])}};
  }});
}}"""
_RANKED = {
    "application/vnd.jupyter.widget-view+json": "widget",
    "application/json": "tree",
    "text/html": "",
    "text/markdown": "",
    "text/latex": "math",
    "image/svg+xml": "img",
    "image/png": "img",
    "application/javascript": "",
    "text/plain": "",
}
"""As JupyterLab prefers them, and what is seen of each besides text."""
Outputs = list[dict[str, Any]]
"""Of one cell of the document."""
_MARKUP = re.compile(r"<[^>]*>|\*\*")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Sight:
    """One output, as one sees it."""

    text: str | None
    """All that one reads, or None where it is a picture's; without white space at line ends."""
    sees: str = ""
    """A kind of element that must be there."""
    flows: bool = False
    """Whether white space is only between words."""

    def differs(self, shown: dict[str, Any]) -> str:
        """How what a page shows is not this; ''."""
        if self.sees and self.sees not in shown["sees"]:
            return f"no {self.sees}: {shown}"
        if self.text is None:
            return ""
        text, wanted = _trimmed(shown["text"]), self.text
        if self.flows:
            text, wanted = " ".join(text.split()), " ".join(wanted.split())
        return "" if text == wanted else f"{text[-500:]!r} is not {wanted[-500:]!r}"


def sight_of(output: dict[str, Any]) -> Sight:
    """How JupyterLab shows an output of the document."""
    if output["output_type"] == "stream":
        return Sight(_trimmed(output["text"]))
    if output["output_type"] == "error":
        return Sight(_trimmed("\n".join(output["traceback"])))
    mime = next(mime for mime in _RANKED if mime in output["data"])
    if mime == "text/plain":
        return Sight(_trimmed(output["data"][mime]))
    if mime == "text/html" and "<table" in output["data"][mime]:
        return Sight(None, "table")
    if mime in ("text/html", "text/markdown"):
        return Sight(html.unescape(_MARKUP.sub(" ", output["data"][mime])), flows=True)
    return Sight(None if _RANKED[mime] else "", _RANKED[mime])


async def shown(person: Person, cell: int) -> Outputs:
    """What the page shows below a cell now."""
    told: Outputs = await person.ask(_READ, cell)
    return told


async def differs(person: Person, cells: list[Outputs]) -> str:
    """What a page does not show as the cells' outputs say; ''."""
    for number, outputs in enumerate(cells):
        seen = await shown(person, number)
        sights = [sight_of(output) for output in outputs]
        if len(sights) > SHOWN_MAX:
            sights = [*sights[:SHOWN_MAX], Sight("Show more outputs")]
        if len(seen) != len(sights):
            return f"{person.name}, cell {number}: {len(seen)} outputs, not {len(sights)}: {seen}"
        for sight, one in zip(sights, seen, strict=True):
            if why := sight.differs(one):
                return f"{person.name}, cell {number}: {why}"
    return ""


def _trimmed(text: str) -> str:
    lines = [line.rstrip() for line in _ANSI.sub("", text).replace("\xa0", " ").split("\n")]
    return "\n".join(lines).strip("\n")
