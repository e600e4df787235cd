"""S1: one writer, many readers. S2: many documents, a writer and a reader each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from statistics import quantiles

from benchmarks.cpu import Meter
from benchmarks.people import Client, arrive, typing
from benchmarks.stage import Stage, room
from rtstore.schema import frames

Line = tuple[float, Client, bytes]
"""When (in seconds from the beginning), who, what."""

AT_ONCE = 50
"""Connections that are opened side by side."""
SETTLE_S, LEAVE_S = 1.0, 0.5
WARM_S = 1.0
"""Typing that is not measured: everybody's first update costs more."""


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

    def latency_ms(self, percent: int) -> float:
        return quantiles(self.latencies_ms, n=100)[percent - 1]

    def figures(self) -> dict[str, object]:
        """For a file; latencies as percentiles."""
        out: dict[str, object] = {k: v for k, v in vars(self).items() if k != "latencies_ms"}
        out |= {f"p{p}_ms": round(self.latency_ms(p), 3) for p in (50, 95, 99)}
        for group in self.cpu_s:
            out[f"{group}_us_per_delivered"] = round(self.us_per_delivered(group), 2)
            out[f"{group}_us_per_update"] = round(self.us_per_update(group), 1)
        return out


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
    count = int((WARM_S + seconds) * rate)
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
    result = await _play(stage, script, tally, heard_by=readers)
    result.scenario = f"S1 {readers} readers" + (", spread" if spread else "")
    await _leave([writer, *clients])
    return result


async def pairs(stage: Stage, *, documents: int, seconds: float, rate: float) -> Result:
    """A writer on one server and a reader on the other, for each document."""
    count = int((WARM_S + seconds) * rate)
    tally = Tally()
    names = [f"s2-{time.time_ns()}-{n}" for n in range(documents)]
    script: list[Line] = []
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
    result = await _play(stage, script, tally, heard_by=1)
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


async def _play(stage: Stage, script: list[Line], tally: Tally, *, heard_by: int) -> Result:
    await asyncio.sleep(SETTLE_S)  # joins are over
    warm = [line for line in script if line[0] < WARM_S]
    await _type(warm, tally, heard_by=heard_by)
    tally.took_ms.clear()
    rest = [(due - WARM_S, client, message) for due, client, message in script[len(warm) :]]
    meter = Meter({"server": stage.servers, "store": stage.store})
    late = await _type(rest, tally, heard_by=heard_by)
    return Result(
        "", len(rest), len(rest) * heard_by, len(tally.took_ms), tally.took_ms, meter.stop(),
        quantiles(late, n=100)[98],
    )  # fmt: skip


async def _type(script: list[Line], tally: Tally, *, heard_by: int) -> list[float]:
    """Send each message when it is due, and wait until all came; how late each was sent (ms)."""
    began, late = time.perf_counter(), []
    expected = len(tally.took_ms) + len(script) * heard_by
    for due, client, message in script:
        wait = began + due - time.perf_counter()
        if wait > 0.0005:
            await asyncio.sleep(wait)
        now = time.perf_counter()
        late.append(1000 * (now - began - due))
        tally.sent[message] = now
        client.say(message)
    until = time.perf_counter() + 10
    while len(tally.took_ms) < expected and time.perf_counter() < until:
        await asyncio.sleep(0.05)
    return late


async def _leave(clients: list[Client]) -> None:
    for client in clients:
        if client.transport is not None:
            client.transport.disconnect()
    await asyncio.sleep(LEAVE_S)
