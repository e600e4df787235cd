"""Notebooks to test with: by hand, and drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.schema import notebook
from rtstore.schema.apply import apply
from rtstore.schema.canonical import canonical

Notebook = dict[str, Any]
Cell = dict[str, Any]


def code(cell_id: str, source: str = "", **parts: Any) -> Cell:
    return {
        "id": cell_id,
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        **parts,
    }


def markdown(cell_id: str, source: str = "", **parts: Any) -> Cell:
    return {"id": cell_id, "cell_type": "markdown", "source": source, "metadata": {}, **parts}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def display(text: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}


def book(*cells: Cell, **metadata: Any) -> Notebook:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def live(content: Notebook) -> YNotebook:
    """A document that holds `content`."""
    ydocument = YNotebook(Doc())
    apply("notebook", ydocument, content)
    return ydocument


def same_notebook(one: Any, other: Any) -> bool:
    return canonical(one) == canonical(other)


def ids(content: Notebook) -> list[str]:
    return [cell["id"] for cell in content["cells"]]


def sources(content: Notebook) -> list[str]:
    return [cell["source"] for cell in content["cells"]]


texts = st.text(st.sampled_from("ab é😀\n\r="), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
metadata = st.dictionaries(st.sampled_from(["x", "y", "trusted"]), values, max_size=2)
outputs = st.lists(
    st.builds(stream, texts, st.sampled_from(["stdout", "stderr"])) | st.builds(display, texts),
    max_size=4,
)
_ids = st.sampled_from("pqrstu")
_codes = st.builds(
    code,
    _ids,
    texts,
    metadata=metadata,
    outputs=outputs,
    execution_count=st.none() | st.integers(1, 9),
)
_texts = st.builds(markdown, _ids, texts, metadata=metadata)
cells = st.lists(_codes | _texts, max_size=6, unique_by=lambda cell: cell["id"])
notebooks = st.builds(lambda cells, x: notebook.read(book(*cells, x=x)), cells, values)
