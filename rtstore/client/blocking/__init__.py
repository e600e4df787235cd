"""The Python client without await: for scripts, and for notebooks, which have a loop already.

The same objects under the same names; see docs/client.md.
"""

from __future__ import annotations

from rtstore.client.blocking.app import App, SharedArray, SharedMap, SharedText
from rtstore.client.blocking.document import Document, Presence, Text
from rtstore.client.blocking.live import Directory, ServerState
from rtstore.client.blocking.notebook import Cell, CellChange, Notebook, Run
from rtstore.client.blocking.server import Server, connect

__all__ = [
    "App",
    "Cell",
    "CellChange",
    "Directory",
    "Document",
    "Notebook",
    "Presence",
    "Run",
    "Server",
    "ServerState",
    "SharedArray",
    "SharedMap",
    "SharedText",
    "Text",
    "connect",
]
