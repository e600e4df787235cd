"""What a live document holds now, in the inner form's terms; the counterpart of `apply`."""

from __future__ import annotations

from typing import Any

from jupyter_ydoc import YNotebook
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Array, Map

from rtstore.errors import BadDocument
from rtstore.schema.canonical import plain


def content(ydocument: YBaseDoc, *, states: bool = False) -> Any:  # noqa: ANN401 -- by kind
    """The document's content, ready for `notebook.write`, `digest`, `merge` or `view`.

    jupyter_ydoc's own ``get`` writes to a notebook that holds an id twice, drops ids under minor
    4, and fails on a NaN, which any browser can put in. This only reads. With `states`, cells
    keep their ``execution_state``, for `view`. Raises BadDocument where that is no JSON, or a
    kind's own ``get`` fails on what it holds.
    """
    if not isinstance(ydocument, YNotebook):
        try:
            told = ydocument.get()
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise BadDocument(f"{type(error).__name__}: {error}") from error
        # Bytes come out of Yjs as a bytearray, which is neither JSON nor hashable.
        return bytes(told) if isinstance(told, bytearray) else told
    with ydocument.ydoc.transaction():
        meta = ydocument.ydoc.get("meta", type=Map).to_py() or {}
        cells = ydocument.ydoc.get("cells", type=Array).to_py() or []
    notebook: dict[str, Any] = plain(
        {
            "cells": cells,
            "metadata": meta.get("metadata", {}),
            "nbformat": meta.get("nbformat", 0),
            "nbformat_minor": meta.get("nbformat_minor", 0),
        }
    )
    if not states:
        for cell in notebook["cells"]:
            if isinstance(cell, dict):
                cell.pop("execution_state", None)
    return notebook
