"""Notebooks as files hold them and as documents hold them: read, write, and when they differ.

Inside, a notebook is a plain nbformat 4 dict, minor 5 or more, each cell with an id of its own,
each text one string. Flaws that have one obvious repair are repaired; others are BadDocument.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from math import isfinite
from typing import Any

import nbformat
from nbformat.validator import NotebookValidationError, iter_validate

from rtstore.errors import BadDocument
from rtstore.schema.canonical import canonical, plain
from rtstore.schema.cell_ids import unique_ids
from rtstore.schema.kinds import NOTEBOOK
from rtstore.schema.notebook_cells import tidy_cell

MAJOR = 4
MINOR_MIN = 5
"""The first minor with cell ids."""
OLDEST = 3
REASON_CHARS_MAX = 200
_NOT_IN_FILES = ("orig_nbformat", "orig_nbformat_minor", "signature")
_UPGRADE_FAULTS = (KeyError, AttributeError, TypeError, ValueError, nbformat.ValidationError)


def read(content: dict[str, Any]) -> dict[str, Any]:
    """`content` (from the contents API or a parsed file, nbformat 3 or 4) in the inner form.

    Keys unknown to nbformat are kept, but beside `cells`, where live documents have no place.
    A notebook without cells gets one empty code cell, the same on every worker: otherwise each
    browser that opens it would add its own. Raises BadDocument naming the cell that can't be.
    """
    notebook = _checked(_upgraded(content))
    if not notebook["cells"]:
        first = {"cell_type": "code", "metadata": {"trusted": True}, "source": ""}
        notebook["cells"] = [{"id": unique_ids([first])[0], **tidy_cell(first)}]
    return notebook


def write(content: dict[str, Any]) -> dict[str, Any]:
    """`content` (a live document's) as a valid notebook to be saved, as a copy.

    Unknown keys are kept as in `read`; `trusted` is left for the contents manager.
    Raises BadDocument naming the cell that can't be.
    """
    return _checked(content)


def digest(kind: str, content: object) -> str:
    """Equal for two contents exactly if a save would write the same (sha256, hex).

    Whether a cell is trusted does not count: files don't hold it. Raises BadDocument like `write`.
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    if kind == NOTEBOOK and isinstance(content, dict):
        content = write(content)
        for cell in content["cells"]:
            cell["metadata"].pop("trusted", None)
    return hashlib.sha256(canonical(content)).hexdigest()


def has_lost_its_cells(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether the list of cells vanished, rather than that somebody emptied cells.

    A program's mistake looks like this: no cell is left; or, of several that held something,
    one new blank code cell, which jupyter_ydoc's ``set`` puts into a notebook without cells. So
    does a person in JupyterLab who deletes all cells at once: they can say that they mean it. A
    cell that was there before and is blank now was emptied by somebody.
    """
    full = [cell for cell in before["cells"] if not _is_blank(cell)]
    cells = now.get("cells") or []
    if len(cells) != 1:
        return bool(full) and not cells
    (left,) = cells
    is_default = left.get("cell_type") == "code" and _is_blank(left)
    is_new = left.get("id") not in {cell["id"] for cell in before["cells"]}
    return len(full) > 1 and is_default and is_new


def _is_blank(cell: dict[str, Any]) -> bool:
    held = (cell.get("outputs"), cell.get("attachments"))
    return not any(held) and not "".join(cell.get("source", "")).strip()


def _upgraded(content: Any) -> dict[str, Any]:  # noqa: ANN401 -- a file may hold anything
    """As nbformat 4; only cells' shape is left to look at."""
    major = _number(content.get("nbformat")) if isinstance(content, dict) else None
    if major is None:
        raise BadDocument("not a notebook: it has no nbformat number")
    if major > MAJOR:
        raise BadDocument(f"nbformat {major} is newer than this server reads (4): upgrade it")
    if major < OLDEST:
        raise BadDocument(
            f"nbformat {major} is too old: convert it with `jupyter nbconvert --to notebook`"
        )
    if major == MAJOR:
        return dict(content)
    for index, cell in enumerate(_cells_of_v3(content)):
        _named(index, cell, _upgrade_check)
    try:
        upgraded = nbformat.convert(nbformat.from_dict(plain(content)), MAJOR)
    except _UPGRADE_FAULTS as error:
        raise BadDocument(f"nbformat 3 that can't be upgraded: {_line(error)}") from error
    for cell in upgraded["cells"]:
        cell.pop("id", None)  # random: another worker would make up another one
    return dict(upgraded)


def _cells_of_v3(content: dict[str, Any]) -> list[Any]:
    try:
        return [cell for sheet in content.get("worksheets", ()) for cell in sheet["cells"]]
    except (KeyError, TypeError) as error:
        raise BadDocument("nbformat 3 without cells in its worksheets") from error


def _upgrade_check(cell: dict[str, Any]) -> dict[str, Any]:
    if cell.get("cell_type") == "code" and not isinstance(cell.get("outputs"), list):
        raise BadDocument("'outputs' is a required property")
    return cell


def _checked(content: dict[str, Any]) -> dict[str, Any]:
    """A copy in the inner form, valid. The argument is nbformat 4 of any minor."""
    if content.get("nbformat") != MAJOR:
        raise BadDocument(f"not a notebook of nbformat 4 but of {content.get('nbformat')!r}")
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise BadDocument("not a notebook: it has no list of cells")
    tidy = [_named(index, cell, tidy_cell) for index, cell in enumerate(cells)]
    ids = unique_ids(tidy)
    notebook: dict[str, Any] = {
        "cells": [{**cell, "id": cell_id} for cell, cell_id in zip(tidy, ids, strict=True)],
        "metadata": _metadata(plain(content.get("metadata") or {})),
        "nbformat": MAJOR,
        "nbformat_minor": max(MINOR_MIN, _number(content.get("nbformat_minor")) or 0),
    }
    _validate(notebook)
    return notebook


def _number(value: object) -> int | None:
    """Live documents hold doubles."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isfinite(value) else None


def _metadata(metadata: Any) -> dict[str, Any]:  # noqa: ANN401 -- as a file had it
    if not isinstance(metadata, dict):
        raise BadDocument("the notebook's metadata is no object")
    for name in _NOT_IN_FILES:
        metadata.pop(name, None)
    if isinstance(spec := metadata.get("kernelspec"), dict):
        # Both are required; a notebook that has had no kernel yet comes with neither.
        spec.setdefault("name", "")
        spec.setdefault("display_name", spec["name"])
    if isinstance(language := metadata.get("language_info"), dict):
        language.setdefault("name", "")
    return metadata


def _named(
    index: int, cell: object, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """`change(cell)`, its complaints naming the cell."""
    if not isinstance(cell, dict):
        raise BadDocument(f"cell {index}: a {type(cell).__name__} instead of an object")
    try:
        return change(cell)
    except BadDocument as error:
        raise BadDocument(f"{_name(index, cell)}: {error}") from error


def _name(index: int, cell: dict[str, Any]) -> str:
    return f"cell {index} (id {cell['id']!r})" if "id" in cell else f"cell {index} (no id)"


def _validate(notebook: dict[str, Any]) -> None:
    # Relaxed: keys that nbformat does not know are no reason to refuse somebody's work.
    faults = iter_validate(
        notebook,
        version=MAJOR,
        version_minor=notebook["nbformat_minor"],
        relax_add_props=True,
    )
    for fault in faults:
        raise BadDocument(_told(notebook, fault)) from fault


def _told(notebook: dict[str, Any], fault: NotebookValidationError) -> str:
    path = list(fault.relative_path)
    if path[:1] == ["cells"] and len(path) > 1:
        index, *path = path[1:]
        where = _name(index, notebook["cells"][index])
    else:
        where = "the notebook"
    inside = f" in {'.'.join(map(str, path))}" if path else ""
    return f"{where}: {_line(fault.message)}{inside}"


def _line(reason: object) -> str:
    line = " ".join(str(reason).split())
    return line if len(line) <= REASON_CHARS_MAX else line[: REASON_CHARS_MAX - 1] + "…"
