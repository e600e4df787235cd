"""`python -m benchmarks`: what an update costs, beside a bare relay in the same minutes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.cold_open import cold_open
from benchmarks.cpu import pin
from benchmarks.peers import PEERS
from benchmarks.scenarios import Result, fan_out, pairs
from benchmarks.stage import Stage, relay_stage, rtstore_stage

GENERATOR_CORE = 1
ALL = ("floor", "s1", "s2", "cold")


async def _load(stage: Stage, which: set[str], options: Options) -> list[Result]:
    out: list[Result] = []
    for _ in range(options.repeat):
        if "s1" in which:
            ways = (False, True) if stage.link is not None else (False,)
            out += [await _fan_out(stage, options, spread=spread) for spread in ways]
        if "s2" in which:
            out.append(
                await pairs(stage, documents=options.documents, seconds=options.seconds, rate=5)
            )
    return out


async def _fan_out(stage: Stage, options: Options, *, spread: bool) -> Result:
    return await fan_out(
        stage, readers=options.readers, seconds=options.seconds, rate=50, spread=spread
    )


class Options:
    """What the command line says."""

    def __init__(self, readers: int, documents: int, seconds: float, repeat: int) -> None:
        self.readers, self.documents = readers, documents
        self.seconds, self.repeat = seconds, repeat


async def _run(
    which: set[str], options: Options, trace: Path | None, edits: int
) -> dict[str, object]:
    told: dict[str, object] = {}
    scenarios = which & {"s1", "s2"} or ({"s1", "s2"} if "floor" in which else set())
    if scenarios and "floor" in which:
        for kind in ("raw", "aiohttp"):
            async with relay_stage(kind) as stage:
                told[f"floor {kind}"] = await _load(stage, scenarios, options)
    async with rtstore_stage() as stage:
        if which & {"s1", "s2"}:
            told["rtstore"] = await _load(stage, which, options)
        if "cold" in which:
            told["cold"] = await cold_open(stage, trace=trace, count=edits)
    return told


def main(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help=f"Some of {', '.join(ALL)}.")
    ] = None,
    readers: Annotated[int, typer.Option(help="S1: readers of one document.")] = 300,
    documents: Annotated[int, typer.Option("--docs", help="S2: documents.")] = 200,
    seconds: Annotated[float, typer.Option(help="Length of one window.")] = 4.0,
    repeat: Annotated[int, typer.Option(help="Windows; the median is shown.")] = 3,
    trace: Annotated[Path | None, typer.Option(help="cold: a recorded trace (.json.gz).")] = None,
    edits: Annotated[int, typer.Option(help="cold: edits, without a trace.")] = 260_000,
    output: Annotated[Path | None, typer.Option("--json", help="Write figures to a file.")] = None,
) -> None:
    """Measure. Servers run on one core and the generator on another; loopback only."""
    which = set(scenarios or ALL)
    if unknown := which - set(ALL):
        raise typer.BadParameter(f"no scenario {', '.join(unknown)}; there are {', '.join(ALL)}")
    pin(os.getpid(), GENERATOR_CORE)
    told = uvloop.run(_run(which, Options(readers, documents, seconds, repeat), trace, edits))
    console = Console(width=180)
    table = Table(title="CPU-µs: median (least..most) of the windows; store apart")
    for column in ("", "scenario", "delivered", "server µs/delivered", "store", "server µs/update",
                   "store", "p50 ms", "p99 ms", "late p99"):  # fmt: skip
        table.add_column(column, justify="left" if column in ("", "scenario") else "right")
    figures: dict[str, object] = {}
    for name, results in told.items():
        if not isinstance(results, list):
            figures[name] = results
            continue
        for scenario in dict.fromkeys(r.scenario for r in results):
            same = [r for r in results if r.scenario == scenario]
            table.add_row(name, scenario, *_cells(same))
            figures[f"{name} {scenario}"] = [vars(r) | {"latencies_ms": None} for r in same]
    for peer in PEERS:
        table.add_row(peer.name, peer.scenario, "", *peer.cells())
    console.print(table)
    if "cold" in told:
        console.print("cold open:", json.dumps(told["cold"], default=str))
    if output is not None:
        output.write_text(json.dumps(figures, indent=1, default=str))


def _cells(results: list[Result]) -> list[str]:
    offered, delivered = sum(r.offered for r in results), sum(r.delivered for r in results)
    return [
        f"{delivered}/{offered}",
        _spread([r.us_per_delivered("server") for r in results]),
        _spread([r.us_per_delivered("store") for r in results]),
        _spread([r.us_per_update("server") for r in results]),
        _spread([r.us_per_update("store") for r in results]),
        _spread([r.p50_ms for r in results]),
        _spread([r.p99_ms for r in results]),
        _spread([r.late_p99_ms for r in results]),
    ]


def _spread(values: list[float]) -> str:
    values = sorted(values)
    middle = values[len(values) // 2]
    if len(values) == 1:
        return _short(middle)
    return f"{_short(middle)} ({_short(values[0])}..{_short(values[-1])})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    typer.run(main)
