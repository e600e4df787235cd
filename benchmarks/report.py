"""What was measured, beside the floor of the same minutes and beside the peers."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from rich.table import Table

from benchmarks.peers import COLD_OPEN, PEERS
from benchmarks.scenarios import Result

LATE_MS_MAX = 10.0
"""With its 99th percentile above this the generator itself was a bottleneck: latencies are its."""

COLUMNS = (
    "", "scenario", "delivered", "server µs/delivered", "store", "server µs/update", "store",
    "of floor", "p50 ms", "p95 ms", "p99 ms",
)  # fmt: skip


def load_table(told: dict[str, list[Result]]) -> Table:
    """Of S1 and S2; `told` by stage."""
    table = Table(
        title="CPU-µs and latencies: median (least..most) of the windows",
        caption="of floor: server CPU per update beside a bare relay's in the same minutes "
        "(peers: in theirs). A row with ! had a late generator.",
    )
    for column in COLUMNS:
        is_name = column in ("", "scenario")
        table.add_column(column, justify="left" if is_name else "right", no_wrap=is_name)
    floors = _costs(told.get("floor raw", []))
    for name, results in told.items():
        for scenario, same in _by_scenario(results).items():
            floor = next((us for s, us in floors.items() if scenario.startswith(s)), 0.0)
            table.add_row(name + _late(same), scenario, *_cells(same, floor))
        table.add_section()
    for peer in PEERS:
        if not told or any(
            peer.scenario[:2] == r.scenario[:2] for rs in told.values() for r in rs
        ):
            table.add_row(peer.name, peer.scenario, "", *peer.cells())
    return table


def durability_table(told: dict[str, float]) -> Table:
    """Of the durability classes."""
    table = Table(title="An edit in the store, by RTSTORE_DURABILITY")
    for column in ("", "one by one, p50 ms", "p95 ms", "50 documents at once, per s"):
        table.add_column(column, justify="right" if column else "left")
    for kind in ("fast", "local"):
        p50, p95, rate = (told[f"{kind}_{what}"] for what in ("p50_ms", "p95_ms", "per_s"))
        table.add_row(kind, f"{p50:.2f}", f"{p95:.2f}", f"{rate:,.0f}")
    return table


def cold_table(told: dict[str, float]) -> Table:
    """Of a cold open."""
    table = Table(title=f"Cold open of {told['edits']:,.0f} single edits")
    for column in ("", "before compaction", "after", COLD_OPEN.name):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row(
        "time to sync step 2, ms",
        f"{told['before_ms']:,.0f}",
        f"{told['after_ms']:,.0f}",
        COLD_OPEN.ms,
    )
    table.add_row(
        "log and snapshot in the store, bytes",
        f"{told['before_bytes']:,.0f}",
        f"{told['after_bytes']:,.0f}",
        COLD_OPEN.store_bytes,
    )
    table.add_row(
        "archive in the store, bytes",
        f"{told['before_archive_bytes']:,.0f}",
        f"{told['after_archive_bytes']:,.0f}",
        "",
    )
    table.add_row(
        "all in the store, bytes",
        f"{told['before_bytes'] + told['before_archive_bytes']:,.0f}",
        f"{told['after_bytes'] + told['after_archive_bytes']:,.0f}",
        "",
    )
    table.add_row(
        "sync step 2, bytes",
        f"{told['before_step2_bytes']:,.0f}",
        f"{told['after_step2_bytes']:,.0f}",
        COLD_OPEN.step2_bytes,
    )
    table.add_row("appending, µs/edit", f"{told['append_us']:.0f}", "", "")
    table.add_row("compaction with archive, ms", "", f"{told['compact_ms']:,.0f}", "")
    return table


def figures(
    told: dict[str, list[Result]], others: dict[str, dict[str, float]]
) -> dict[str, object]:
    """All of it for a JSON file."""
    out: dict[str, object] = {
        f"{name} {scenario}": [one.figures() for one in same]
        for name, results in told.items()
        for scenario, same in _by_scenario(results).items()
    }
    return out | {name: measured for name, measured in others.items() if measured}


def _by_scenario(results: list[Result]) -> dict[str, list[Result]]:
    names = dict.fromkeys(r.scenario for r in results)
    return {name: [r for r in results if r.scenario == name] for name in names}


def _costs(results: list[Result]) -> dict[str, float]:
    return {
        name: median(r.us_per_update("server") for r in same)
        for name, same in _by_scenario(results).items()
    }


def _late(results: list[Result]) -> str:
    return " !" if median(r.late_p99_ms for r in results) > LATE_MS_MAX else ""


def _cells(results: list[Result], floor: float) -> list[str]:
    offered, delivered = sum(r.offered for r in results), sum(r.delivered for r in results)

    def middle(told: Callable[[Result], float]) -> str:
        return _short(median(map(told, results)))

    def spread(told: Callable[[Result], float]) -> str:
        values = sorted(map(told, results))
        return f"{middle(told)} ({_short(values[0])}..{_short(values[-1])})"

    cost = median(r.us_per_update("server") for r in results)
    return [
        f"{delivered}/{offered}",
        spread(lambda r: r.us_per_delivered("server")),
        middle(lambda r: r.us_per_delivered("store")),
        spread(lambda r: r.us_per_update("server")),
        middle(lambda r: r.us_per_update("store")),
        f"{cost / floor:.2f}" if floor else "",
        middle(lambda r: r.latency_ms(50)),
        middle(lambda r: r.latency_ms(95)),
        middle(lambda r: r.latency_ms(99)),
    ]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
