"""A Python client: open notebooks and texts of a Jupyter server together with everybody else.

It speaks the protocol that browsers speak, and nothing else; see docs/client.md. For programs
without an event loop there is `rtstore.client.blocking`.
"""

from __future__ import annotations

from rtstore.client.app import App
from rtstore.client.cell import Cell
from rtstore.client.cell_changes import CellChange
from rtstore.client.document import Document
from rtstore.client.errors import ActionFailed, HistoryGone, NotSaved, NotSent, RunFailed
from rtstore.client.live import Directory, RecordChange, ServerState
from rtstore.client.notebook import Notebook
from rtstore.client.presence import Change, Person, Presence
from rtstore.client.runs import Run
from rtstore.client.server import Server, connect
from rtstore.client.shared import SharedArray, SharedMap, SharedText
from rtstore.client.text import Text

__all__ = [
    "ActionFailed",
    "App",
    "Cell",
    "CellChange",
    "Change",
    "Directory",
    "Document",
    "HistoryGone",
    "NotSaved",
    "NotSent",
    "Notebook",
    "Person",
    "Presence",
    "RecordChange",
    "Run",
    "RunFailed",
    "Server",
    "ServerState",
    "SharedArray",
    "SharedMap",
    "SharedText",
    "Text",
    "connect",
]
