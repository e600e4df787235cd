"""``rtstore kernels``: the kernels, what they do, and who waits for them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rtstore.cli import inspection, kernel_finding
from rtstore.redis_backend.kernel_index import capture_of, capture_why
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.settings import Settings


@dataclass(frozen=True, slots=True)
class Row:
    """One kernel, as it stands."""

    id: str
    name: str
    state: str
    notebook: str
    generation: int
    """How many times it was started."""
    capture: str
    """journal, ring or ws."""
    capture_why: str
    """Why it keeps no journal; '' if it does."""
    waiting: int
    """Runs that are not over."""
    running: str
    """Who runs a cell in it now."""
    bridge: str
    host: str


def command(
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for programs.")] = False,
) -> None:
    """List the kernels of all Jupyter servers of this store."""
    rows = inspection.run(_rows(inspection.settings_with(redis)))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
    elif rows:
        Console().print(_table(rows))
        for row in rows:
            if row.capture_why:
                typer.echo(f"{row.id[:8]} {row.capture}: {row.capture_why}")
    else:
        typer.echo("no kernel runs")


async def _rows(settings: Settings) -> list[Row]:
    async with inspection.looking(settings) as (link, keys):
        rows = []
        for kernel in await kernel_finding.every(link, keys, settings):
            queue = RunQueue(link, kernel.keys)
            waiting = await queue.waiting()
            first = await queue.get(waiting[0]) if waiting else None
            lease = await link.command("GET", kernel.keys.lease)
            meta = kernel.meta
            rows.append(
                Row(
                    kernel.id,
                    meta.get("name", ""),
                    meta.get("state", ""),
                    meta.get("path", ""),
                    int(meta.get("generation") or 0),
                    capture_of(meta),
                    capture_why(meta),
                    len(waiting),
                    first.name if first is not None and first.state != "requested" else "",
                    (lease or b"").decode().partition(" ")[0],
                    meta.get("host", ""),
                )
            )
    return rows


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = ("KERNEL", "NAME", "STATE", "NOTEBOOK", "STARTS", "CAPTURE", "WAITING", "RUNNING")
    for name in (*names, "BRIDGE"):
        table.add_column(name, overflow="fold", justify="left")
    for row in rows:
        table.add_row(
            row.id,
            row.name,
            row.state,
            row.notebook or "-",
            str(row.generation),
            row.capture or "?",
            str(row.waiting),
            row.running or "-",
            row.bridge or "-",
        )
    return table
