"""S1: one writer, many readers. S2: many documents, a writer and a reader each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.cpu import Meter
from benchmarks.people import Client, arrive, typing
from benchmarks.stage import Stage, room
from rtstore.schema import frames

AT_ONCE = 50
"""Connections that are opened side by side."""
SETTLE_S = 2.0


@dataclass
class Result:
    """One run."""

    scenario: str
    updates: int
    offered: int
    delivered: int
    latencies_ms: list[float]
    cpu_s: dict[str, float] = field(default_factory=dict)
    late_p99_ms: float = 0.0
    """How late the generator was: when large, it was the bottleneck."""

    def us_per_delivered(self, group: str) -> float:
        return 1e6 * self.cpu_s.get(group, 0.0) / max(1, self.delivered)

    def us_per_update(self, group: str) -> float:
        return 1e6 * self.cpu_s.get(group, 0.0) / max(1, self.updates)

    @property
    def p50_ms(self) -> float:
        return median(self.latencies_ms)

    @property
    def p99_ms(self) -> float:
        return quantiles(self.latencies_ms, n=100)[98]


class Tally:
    """Which updates arrived, and how long each took."""

    def __init__(self) -> None:
        self.sent: dict[bytes, float] = {}
        self.took_ms: list[float] = []

    def heard(self, message: bytes, at: float) -> None:
        began = self.sent.get(message)
        if began is not None:
            self.took_ms.append(1000 * (at - began))


async def fan_out(
    stage: Stage, *, readers: int, seconds: float, rate: float, spread: bool
) -> Result:
    """One document; `spread`: readers on all servers, else on the writer's."""
    count = int(seconds * rate)
    first, told = typing(count)
    name = f"s1-{time.time_ns()}"
    if stage.link is not None:
        await stage.make_document(name, first)
    tally = Tally()
    writer = await arrive(_url(stage, name, 0), stage.headers())
    clients = await _arrive_all(
        stage, [(_url(stage, name, n if spread else 0), tally) for n in range(readers)]
    )
    messages = [frames.update(one) for one in told]
    script = [(k / rate, writer, message) for k, message in enumerate(messages)]
    result = await _play(stage, script, tally, offered=count * readers)
    result.scenario = f"S1 {readers} readers" + (", spread" if spread else "")
    await _leave([writer, *clients])
    return result


async def pairs(stage: Stage, *, documents: int, seconds: float, rate: float) -> Result:
    """A writer on one server and a reader on the other, for each document."""
    count = int(seconds * rate)
    tally = Tally()
    names = [f"s2-{time.time_ns()}-{n}" for n in range(documents)]
    script: list[tuple[float, Client, bytes]] = []
    everybody: list[Client] = []
    for n, name in enumerate(names):
        first, told = typing(count)
        if stage.link is not None:
            await stage.make_document(name, first)
        writer = await arrive(_url(stage, name, 0), stage.headers())
        everybody += [writer, await arrive(_url(stage, name, 1), stage.headers(), tally.heard)]
        offset = n / documents / rate
        script += [(offset + k / rate, writer, frames.update(u)) for k, u in enumerate(told)]
    script.sort(key=lambda line: line[0])
    result = await _play(stage, script, tally, offered=len(script))
    result.scenario = f"S2 {documents} documents"
    await _leave(everybody)
    return result


def _url(stage: Stage, name: str, server: int) -> str:
    return room(stage, name, server) if stage.link is not None else f"{stage.urls[0]}/{name}"


async def _arrive_all(stage: Stage, wanted: list[tuple[str, Tally]]) -> list[Client]:
    clients: list[Client] = []
    for at in range(0, len(wanted), AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            some = [
                tasks.create_task(arrive(url, stage.headers(), tally.heard))
                for url, tally in wanted[at : at + AT_ONCE]
            ]
        clients += [task.result() for task in some]
    return clients


async def _play(
    stage: Stage, script: list[tuple[float, Client, bytes]], tally: Tally, *, offered: int
) -> Result:
    await asyncio.sleep(SETTLE_S)  # joins are over
    meter = Meter({"server": stage.servers, "store": stage.store})
    began = time.perf_counter()
    late: list[float] = []
    for due, client, message in script:
        wait = began + due - time.perf_counter()
        if wait > 0.0005:
            await asyncio.sleep(wait)
        now = time.perf_counter()
        late.append(1000 * (now - began - due))
        tally.sent[message] = now
        client.say(message)
    until = time.perf_counter() + 10
    while len(tally.took_ms) < offered and time.perf_counter() < until:
        await asyncio.sleep(0.05)
    return Result(
        "", len(script), offered, len(tally.took_ms), tally.took_ms, meter.stop(),
        quantiles(late, n=100)[98],
    )  # fmt: skip


async def _leave(clients: list[Client]) -> None:
    for client in clients:
        if client.transport is not None:
            client.transport.disconnect()
    await asyncio.sleep(SETTLE_S)
