"""Which kinds of document there are: the entry points ``jupyter_ydoc`` of what is installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Doc

from rtstore.errors import BadDocument
from rtstore.schema.app_document import APP, AppDocument

TEXT_KINDS = frozenset({"file", "text", "unicode"})
"""Kinds whose content is one string of text."""
NOTEBOOK = "notebook"


@cache
def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="jupyter_ydoc")}


def known() -> list[str]:
    """The kinds that `make` knows, sorted."""
    return sorted([*_installed(), APP])


def make(kind: str, doc: Doc[Any]) -> YBaseDoc:
    """The document of `kind` whose content `doc` holds.

    Raises BadDocument, naming the kinds there are, if no installed package knows it.
    """
    if kind == APP:
        return AppDocument(doc)
    point = _installed().get(kind)
    if point is None:
        raise BadDocument(
            f"no installed package knows documents of type {kind!r}; known: {', '.join(known())}"
        )
    try:
        ydocument = point.load()(doc)
    except (ImportError, AttributeError) as error:
        raise BadDocument(
            f"documents of type {kind!r} need {point.value}, which can't be imported: {error}"
        ) from error
    assert isinstance(ydocument, YBaseDoc)
    return ydocument
