from __future__ import annotations

from typing import Any

from rtstore.keeper import form


def code(**more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": "x", "metadata": {"trusted": False}} | more


def test_only_a_cell_that_shows_nothing_is_trusted_by_itself() -> None:
    shown = {"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}}
    cells = [code(), code(outputs=[shown]), {"cell_type": "markdown", "source": "x"}]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    read = form.from_file("notebook", "json", content)
    trust = [cell["metadata"].get("trusted") for cell in read["cells"]]
    assert trust == [True, False, None]
