"""``rtstore cat``: a document as it is now, from its log; the file may be a second behind."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from rtstore.cli import inspection
from rtstore.errors import BadDocument, NoSuchDocument
from rtstore.pubsub.content import content_of
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import decoded, notebook, updates
from rtstore.schema.kinds import NOTEBOOK
from rtstore.settings import Settings


class Form(StrEnum):
    """What `command` prints."""

    json = "json"
    ipynb = "ipynb"
    text = "text"


def command(
    document: Annotated[
        str, typer.Argument(metavar="DOC", help="Path below Jupyter's directory, or a file id.")
    ],
    form: Annotated[
        Form | None,
        typer.Option(
            "--as",
            help="json: as the document holds it; ipynb: as it would be saved; text: sources"
            " only. Default: ipynb for notebooks, text for others.",
        ),
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Print a document as it is now."""
    kind, content = inspection.run(_content(inspection.settings_with(redis), document))
    form = form or (Form.ipynb if kind == NOTEBOOK else Form.text)
    typer.echo(_told(kind, content, form), nl=False)


async def _content(settings: Settings, told: str) -> tuple[str, Any]:
    async with inspection.looking(settings) as (link, keys):
        found = await inspection.find(link, keys, settings, told)
        loaded = await UpdateLog(link, found.keys, worker="look").load()
    whole = content_of(loaded)
    if not whole:
        why = loaded.meta.get("error") or "nobody has opened it yet"
        raise NoSuchDocument(f"{told} has no content in the store: {why}")
    kind = loaded.meta.get("type", "")
    return kind, decoded.content(kind, updates.merge(whole))


def _told(kind: str, content: Any, form: Form) -> str:  # noqa: ANN401 -- by kind
    if form is Form.json:
        return json.dumps(content, ensure_ascii=False, indent=1, default=_bytes) + "\n"
    if form is Form.ipynb:
        if kind != NOTEBOOK:
            raise BadDocument(f"a document of type {kind} is no notebook; use --as text")
        # As nbformat writes files.
        return (
            json.dumps(notebook.write(content), ensure_ascii=False, indent=1, sort_keys=True)
            + "\n"
        )
    if kind == NOTEBOOK:
        return "".join(_cell(number, cell) for number, cell in enumerate(content["cells"]))
    return content if isinstance(content, str) else json.dumps(content, default=_bytes) + "\n"


def _cell(number: int, cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    end = "" if source.endswith("\n") else "\n"
    return f"--- {number} {cell.get('cell_type')} {cell.get('id')}\n{source}{end}"


def _bytes(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
