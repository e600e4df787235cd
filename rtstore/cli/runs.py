"""``rtstore runs``: who ran which cell where, and how it went."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated

import typer

from rtstore.cli import inspection, kernel_finding
from rtstore.cli.words import cut, printable
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.run import Run
from rtstore.settings import Settings
from rtstore.tasks import until_set

LOOK_S = 1.0
HEADER = f"{'REQUESTED':<19} {'STATE':<9} {'USER':<18} {'CELL':<14} {'COUNT':>5}  SOURCE"


def command(
    kernel: Annotated[
        str | None,
        typer.Argument(help="A kernel's id (or its beginning), or a notebook. Default: all."),
    ] = None,
    number: Annotated[int, typer.Option("--number", "-n", help="How many of the newest.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as runs change, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for programs.")] = False,
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """List the newest runs, oldest first."""
    settings = inspection.settings_with(redis)
    runs = inspection.run(_runs(settings, kernel))[-number:]
    if as_json:
        hidden = ("frames", "answer")
        told = [{k: v for k, v in run.as_fields().items() if k not in hidden} for run in runs]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(HEADER)
    for run in runs:
        typer.echo(line(run))
    if follow:
        try:
            inspection.run(_follow(settings, kernel))
        except KeyboardInterrupt:
            raise typer.Exit from None


async def _kernels(
    link: Link, keys: Keys, settings: Settings, told: str | None
) -> list[kernel_finding.Kernel]:
    if told is None:
        living = await kernel_finding.every(link, keys, settings)
        return living + await kernel_finding.ended(link, keys, settings)
    return await kernel_finding.find_all(link, keys, settings, told)


async def _runs(settings: Settings, told: str | None) -> list[Run]:
    found: list[Run] = []
    async with inspection.looking(settings) as (link, keys):
        kernels = await _kernels(link, keys, settings, told)
        starts = {kernel.keys.run(""): RunQueue(link, kernel.keys) for kernel in kernels}
        pattern = _escaped(*starts) if len(starts) == 1 else f"{keys.prefix}:{{*}}:run:"
        for name in await inspection.scan(link, pattern + "*"):
            start = name[: name.rindex(":") + 1]
            run = await starts[start].get(name[len(start) :]) if start in starts else None
            if run is not None:
                found.append(run)
    return sorted(found, key=lambda run: int(run.requested or 0))


async def _follow(settings: Settings, told: str | None) -> None:
    async with inspection.looking(settings) as (link, keys), AsyncExitStack() as stack:
        bell = asyncio.Event()
        logs = []
        for kernel in await _kernels(link, keys, settings, told):
            log = OutputLog(link, kernel.keys)
            await stack.enter_async_context(link.listen(kernel.keys.feed, lambda _: bell.set()))
            logs.append((log, RunQueue(link, kernel.keys), await log.end()))
        while True:
            for place, (log, queue, position) in enumerate(logs):
                for entry in await log.read(position):
                    logs[place] = (log, queue, entry.id)
                    if entry.kind == "run" and (run := await queue.get(entry.parent)):
                        typer.echo(line(run))
            await until_set(bell, within_s=LOOK_S)
            bell.clear()


def line(run: Run) -> str:
    """One run, for a person."""
    at = datetime.fromtimestamp(int(run.requested or 0) / 1000).astimezone()
    source = cut(" ".join(run.source.split()), 40)
    why = f"  ({run.why})" if run.why else ""
    return printable(
        f"{at:%Y-%m-%d %H:%M:%S} {run.state:<9} {cut(run.name or run.user, 18):<18} "
        f"{cut(run.cell, 14):<14} {run.count or '-':>5}  {source}{why}"
    )


def _escaped(name: str) -> str:
    """`name` as a pattern that matches itself."""
    return "".join(f"\\{char}" if char in "*?[]\\" else char for char in name)
