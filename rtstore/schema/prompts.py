"""The output that stands for a question of a running cell (``input()``) until it is answered."""

from __future__ import annotations

from html import escape
from typing import Any

_MARK = "input"


def output(prompt: str, *, url: str) -> dict[str, Any]:
    """A link to where it can be answered; the stock front end has no box for it."""
    shown = escape(prompt) or "The cell waits for input."
    html = f'{shown} <a href="{escape(url)}" target="_blank" rel="opener">Answer</a>'
    return {
        "output_type": "display_data",
        "data": {"text/html": html, "text/plain": f"{prompt} (answer at {url})"},
        "metadata": {"rtstore": {_MARK: True}},
    }


def is_prompt(told: dict[str, Any]) -> bool:
    """Whether this output is such a question."""
    metadata = told.get("metadata")
    mark = metadata.get("rtstore") if isinstance(metadata, dict) else None
    return isinstance(mark, dict) and _MARK in mark
