"""``rtstore docs``: what is open, by whom, how large it is, and how far its file is behind."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rtstore.cli import inspection
from rtstore.cli.words import amount, span
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.schema.ids import EntryId
from rtstore.settings import Settings


@dataclass(frozen=True, slots=True)
class Row:
    """One document, as it stands."""

    id: str
    path: str
    type: str
    people: list[str]
    entries: int
    """In the log; compaction takes old ones out."""
    log_bytes: int
    snapshot_bytes: int
    behind: int
    """Entries that the saved file does not have yet."""
    behind_s: float
    """Since when the oldest of them waits."""
    keeper: str
    error: str


def command(
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also documents that nobody has open.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for programs.")] = False,
) -> None:
    """List the documents that are in use."""
    rows = inspection.run(_rows(inspection.settings_with(redis), everything=everything))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
    elif rows:
        Console().print(_table(rows))
    else:
        typer.echo("no document is in use" + ("" if everything else "; --all lists the others"))


async def _rows(settings: Settings, *, everything: bool) -> list[Row]:
    async with inspection.looking(settings) as (link, keys):
        ids = await _every(link, keys) if everything else await Registry(link, keys).in_use()
        rows = [await _row(link, keys.document(one), one) for one in ids]
    return sorted((row for row in rows if row is not None), key=lambda row: (row.path, row.id))


async def _every(link: Link, keys: Keys) -> list[str]:
    start, end = f"{keys.prefix}:{{", "}:meta"
    found = await inspection.scan(link, f"{start}*{end}")
    return [name[len(start) : -len(end)] for name in found]


async def _row(link: Link, keys: DocumentKeys, document_id: str) -> Row | None:
    async with asyncio.TaskGroup() as tasks:  # in one write
        meta_ = tasks.create_task(link.command("HGETALL", keys.meta))
        here = tasks.create_task(inspection.people(link, keys))
        length = tasks.create_task(link.command("XLEN", keys.log))
        memory = tasks.create_task(link.command("MEMORY", "USAGE", keys.log))
        snapshot = tasks.create_task(link.command("HGET", keys.snap, "bytes"))
        newest = tasks.create_task(link.command("XREVRANGE", keys.log, "+", "-", "COUNT", 1))
    meta = {k.decode(): v.decode("utf-8", "replace") for k, v in meta_.result().items()}
    if not meta:  # gone since
        return None
    tail = EntryId.parse(newest.result()[0][0]) if newest.result() else EntryId(0, 0)
    saved = EntryId.parse(meta.get("saved_id") or "0-0")
    behind = _behind(tail, saved, int(length.result()))
    return Row(
        document_id,
        meta.get("path", ""),
        meta.get("type", ""),
        sorted({person.name for person in here.result()}),
        int(length.result()),
        int(memory.result() or 0),
        int(snapshot.result() or 0),
        behind,
        await _waits(link, keys, saved) if behind else 0.0,
        meta.get("owner", ""),
        meta.get("error", ""),
    )


def _behind(tail: EntryId, saved: EntryId, length: int) -> int:
    """Ids are dense within an epoch, and each new one begins at 0."""
    if tail <= saved:
        return 0
    return tail.revision - saved.revision if tail.epoch == saved.epoch else length


async def _waits(link: Link, keys: DocumentKeys, saved: EntryId) -> float:
    first = await link.command("XRANGE", keys.log, f"({saved}", "+", "COUNT", 1)
    if not first:
        return 0.0
    flat = first[0][1]
    ts = dict(zip(flat[::2], flat[1::2], strict=True)).get(b"ts", b"")
    return round(max(0.0, time.time() - int(ts) / 1000), 1) if ts.isdigit() else 0.0


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("PATH", "TYPE", "PEOPLE", "LOG", "SNAPSHOT", "FILE", "KEEPER", "ID"):
        table.add_column(name, overflow="fold", justify="left")
    for row in rows:
        table.add_row(
            row.path or "?",
            row.type,
            ", ".join(row.people) or "-",
            f"{row.entries} entries, {amount(row.log_bytes)}",
            amount(row.snapshot_bytes) if row.snapshot_bytes else "-",
            _file(row),
            row.keeper or "-",
            row.id,
        )
    return table


def _file(row: Row) -> str:
    if row.error:
        return f"not readable: {row.error}"
    return f"{row.behind} behind, for {span(row.behind_s)}" if row.behind else "saved"
