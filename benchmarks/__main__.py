"""`python -m benchmarks`: what an update costs, beside a bare relay in the same minutes."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from benchmarks.cold_open import cold_open
from benchmarks.cpu import pin
from benchmarks.durability import durability
from benchmarks.report import cold_table, durability_table, figures, load_table
from benchmarks.scenarios import Result, fan_out, pairs
from benchmarks.stage import Stage, relay_stage, rtstore_stage

GENERATOR_CORE = 1
ALL = ("floor", "s1", "s2", "cold", "durability")
OURS, FLOORS = "rtstore", ("floor raw", "floor aiohttp")


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    readers: int
    documents: int
    seconds: float
    repeat: int


async def _windows(stage: Stage, which: set[str], options: Options) -> list[Result]:
    out: list[Result] = []
    # As the peers were measured, readers beside the writer; and as ours work, on all workers.
    spreads = (False, True) if stage.link is not None else (False,)
    for spread in spreads if "s1" in which else ():
        one = await fan_out(
            stage, readers=options.readers, seconds=options.seconds, rate=50, spread=spread
        )
        out.append(one)
    if "s2" in which:
        one = await pairs(stage, documents=options.documents, seconds=options.seconds, rate=5)
        out.append(one)
    return out


async def _load(which: set[str], options: Options) -> dict[str, list[Result]]:
    """Rounds of one window on each stage, so that a slow minute of the machine hits all alike.

    Each round on processes of its own: rooms that everybody left live on for a while, and their
    upkeep would be counted as the next window's.
    """
    scenarios = which & {"s1", "s2"} or {"s1", "s2"}
    names = [*(FLOORS if "floor" in which else ()), *((OURS,) if which & {"s1", "s2"} else ())]
    told: dict[str, list[Result]] = {name: [] for name in names}
    for _ in range(options.repeat):
        for name in names:
            async with _stage(name) as stage:
                told[name] += await _windows(stage, scenarios, options)
    return told


def _stage(name: str) -> AbstractAsyncContextManager[Stage]:
    return rtstore_stage() if name == OURS else relay_stage(name.removeprefix("floor "))


async def _cold(trace: Path | None, count: int) -> dict[str, float]:
    async with rtstore_stage() as stage:
        return await cold_open(stage, trace=trace, count=count)


def main(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help=f"Some of {', '.join(ALL)}.")
    ] = None,
    readers: Annotated[int, typer.Option(help="S1: readers of one document.")] = 300,
    documents: Annotated[int, typer.Option("--docs", help="S2: documents.")] = 200,
    seconds: Annotated[float, typer.Option(help="Length of one window.")] = 3.0,
    repeat: Annotated[int, typer.Option(help="Windows; the median is shown.")] = 3,
    trace: Annotated[Path | None, typer.Option(help="cold: a recorded trace (.json.gz).")] = None,
    edits: Annotated[int, typer.Option(help="cold: edits, without a trace.")] = 260_000,
    output: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Measure. Servers run on one core and the generator on another; loopback only."""
    which = set(scenarios or ALL)
    if unknown := which - set(ALL):
        raise typer.BadParameter(f"no scenario {', '.join(unknown)}; there are {', '.join(ALL)}")
    pin(os.getpid(), GENERATOR_CORE)
    console = Console(width=170)
    loads: dict[str, list[Result]] = {}
    if which - {"cold", "durability"}:
        loads = uvloop.run(_load(which, Options(readers, documents, seconds, repeat)))
        console.print(load_table(loads))
    cold: dict[str, float] = {}
    durable: dict[str, float] = {}
    if "cold" in which:
        cold = uvloop.run(_cold(trace, edits))
        console.print(cold_table(cold))
    if "durability" in which:
        durable = uvloop.run(durability())
        console.print(durability_table(durable))
    place = output or Path(tempfile.gettempdir()) / "rtstore-benchmarks.json"
    place.write_text(
        json.dumps(figures(loads, {"cold open": cold, "durability": durable}), indent=1)
    )
    console.print(f"All figures: {place}")


if __name__ == "__main__":
    typer.run(main)
