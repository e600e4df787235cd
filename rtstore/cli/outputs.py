"""``rtstore outputs``: what a kernel said, message by message."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Annotated

import typer

from rtstore.cli import inspection, kernel_finding
from rtstore.cli.words import cut, printable
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.schema.ids import BEGINNING
from rtstore.settings import Settings
from rtstore.tasks import until_set

LOOK_S = 1.0
HEADER = f"{'ID':<22} {'TIME':<12} {'KIND':<6} {'TYPE':<16} {'RUN':<8}  WHAT"


def command(
    kernel: Annotated[
        str, typer.Argument(help="A kernel's id (or its beginning), or a notebook.")
    ],
    number: Annotated[
        int, typer.Option("--number", "-n", help="How many of the newest; 0: all.", min=0)
    ] = 40,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Show the newest messages of a kernel, and the states of its runs, oldest first."""
    try:
        inspection.run(_show(inspection.settings_with(redis), kernel, number, follow=follow))
    except KeyboardInterrupt:
        raise typer.Exit from None


async def _show(settings: Settings, told: str, number: int, *, follow: bool) -> None:
    async with inspection.looking(settings) as (link, keys):
        kernel = await kernel_finding.find_ended(link, keys, settings, told)
        log, bell = OutputLog(link, kernel.keys), asyncio.Event()
        typer.echo(HEADER)
        async with link.listen(kernel.keys.feed, lambda _: bell.set()):
            newest: list[OutputEntry] = []
            position = BEGINNING
            while entries := await log.read(position):
                position = entries[-1].id
                newest = (newest + entries)[-number:] if number else newest + entries
            for entry in newest:
                typer.echo(line(entry))
            while follow:
                await until_set(bell, within_s=LOOK_S)
                bell.clear()
                while entries := await log.read(position):
                    position = entries[-1].id
                    for entry in entries:
                        typer.echo(line(entry))


def line(entry: OutputEntry) -> str:
    """One entry, for a person."""
    at = datetime.fromtimestamp(entry.ts / 1000).astimezone()
    return printable(
        f"{entry.id!s:<22} {at:%H:%M:%S}.{entry.ts % 1000:03} {entry.kind:<6} "
        f"{entry.type:<16} {entry.parent[:8] or '-':<8}  {_what(entry)}"
    )


def _what(entry: OutputEntry) -> str:
    try:
        told = json.loads(entry.content)
    except ValueError:
        return "(long; kept beside)"
    for name in ("text", "execution_state", "evalue", "code", "why", "prompt"):
        if isinstance(told.get(name), str):
            return cut(repr(told[name])[1:-1], 60)
    if isinstance(data := told.get("data"), dict):
        return cut(str(data.get("text/plain") or ", ".join(data)), 60)
    return cut(json.dumps(told, ensure_ascii=False), 60)
