"""A Python client: open notebooks and texts of a Jupyter server together with everybody else.

It speaks the protocol that browsers speak, and nothing else; see docs/client.md.
"""

from __future__ import annotations

from rtstore.client.cell import Cell
from rtstore.client.document import Document
from rtstore.client.errors import HistoryGone, NotSaved, NotSent
from rtstore.client.notebook import Notebook
from rtstore.client.presence import Change, Person, Presence
from rtstore.client.server import Server, connect
from rtstore.client.text import Text

__all__ = [
    "Cell",
    "Change",
    "Document",
    "HistoryGone",
    "NotSaved",
    "NotSent",
    "Notebook",
    "Person",
    "Presence",
    "Server",
    "Text",
    "connect",
]
