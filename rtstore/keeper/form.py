"""Form: content as a document says it, and as the contents API does."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from rtstore.errors import BadDocument
from rtstore.schema import notebook

NOTEBOOK = "notebook"


def from_file(kind: str, form: str, content: Any) -> Any:  # noqa: ANN401 -- JSON
    """What a document of this kind is set to. Raises BadDocument saying what is wrong."""
    if kind == NOTEBOOK:
        return _trusting(notebook.read(content))
    if form == "base64":
        return base64.b64decode(content)
    if not isinstance(content, str):
        raise BadDocument(f"not a text file: {type(content).__name__}")
    return content


def _trusting(content: dict[str, Any]) -> dict[str, Any]:
    """Cells that show nothing are trusted, as those that JupyterLab makes or clears itself.

    There is nothing to mistrust, and a page reads this only when it opens: a widget, or anything
    but text, that a run of the cell puts there later would be shown as text until a reload.
    """
    for cell in content["cells"]:
        if cell["cell_type"] == "code" and not cell["outputs"]:
            cell["metadata"]["trusted"] = True
    return content


def digest(kind: str, content: Any) -> str:  # noqa: ANN401 -- a document's content
    """Equal for contents that make the same file; an invalid document has one too."""
    try:
        return notebook.digest(kind, content) + _trust(kind, content)
    except BadDocument:
        told = json.dumps(content, sort_keys=True, default=str)
        return "invalid-" + hashlib.sha256(told.encode()).hexdigest()


def on_disk(digest: str) -> str:
    """The part of a digest that a file can say: all but the trust."""
    return digest.partition("-")[0]


def _trust(kind: str, content: Any) -> str:  # noqa: ANN401 -- a document's content
    """Which cells are trusted: a save hands it to Jupyter's notary, the file does not hold it."""
    if kind != NOTEBOOK:
        return ""
    flags = (cell.get("metadata", {}).get("trusted") for cell in content["cells"])
    return "-" + "".join("1" if flag else "0" for flag in flags)


def to_file(kind: str, content: Any) -> Any:  # noqa: ANN401 -- JSON
    """What is sent to be saved. Raises BadDocument naming the cell that is invalid."""
    if kind == NOTEBOOK:
        return notebook.write(content)
    if isinstance(content, bytes):
        return base64.b64encode(content).decode()
    return content
