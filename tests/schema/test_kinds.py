from __future__ import annotations

import pytest
from jupyter_ydoc import YNotebook, YUnicode
from pycrdt import Doc, Text

from rtstore.errors import BadDocument
from rtstore.schema import kinds


def test_the_kinds_of_jupyter_ydoc_are_known() -> None:
    assert {"blob", "file", "notebook", "unicode"} <= set(kinds.known())


def test_a_document_is_made_over_what_the_doc_holds() -> None:
    doc: Doc[Text] = Doc()
    doc["source"] = Text("hello")

    made = kinds.make("file", doc)

    assert isinstance(made, YUnicode)
    assert made.get() == "hello"
    assert isinstance(kinds.make("notebook", Doc()), YNotebook)


def test_an_unknown_kind_is_refused_by_name_and_told_what_there_is() -> None:
    with pytest.raises(BadDocument, match=r"'spreadsheet'.*known: .*notebook"):
        kinds.make("spreadsheet", Doc())
