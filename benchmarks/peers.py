"""What others cost, by the same method.

Measured on 2026-11-23 on a machine of this kind (2 vCPU AMD EPYC under KVM, Debian 12, Python
3.11, node 20, Redis 7.0.15), loopback only, servers on one core, generator on the other: y-redis
0.1.6, @hocuspocus/server with extension-redis 4.7.0, jupyter-collaboration 5.0. Another hour or
machine is faster or slower as a whole: `of floor` is what can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """Medians; "" where there is nothing to tell."""

    name: str
    scenario: str
    server_delivered: str
    store_delivered: str
    server_update: str
    store_update: str
    times_floor: str
    p50_ms: str
    p99_ms: str

    def cells(self) -> list[str]:
        """As in a row of our own."""
        return [
            self.server_delivered, self.store_delivered, self.server_update, self.store_update,
            self.times_floor, self.p50_ms, "", self.p99_ms,
        ]  # fmt: skip


# The bare relay of that day (prebuilt frames, `transport.write`) took 7.9 µs per delivered message
# in S1 and 80.3 µs per update in S2.
PEERS = [
    Peer(
        "y/hub (y-redis 0.1.6)", "S1 300 readers",
        "10.3", "0.85", "3,098", "256", "1.30", "2.7", "7.0",
    ),
    Peer(
        "hocuspocus 4.7 + redis", "S1 300 readers",
        "15.5", "0.39", "4,642", "116", "1.96", "2.7", "6.7",
    ),
    Peer("jupyter-collaboration 5.0", "S1 300 readers", "80.3", "", "", "", "10.2", "424", "853"),
    Peer(
        "y/hub (y-redis 0.1.6)", "S2 200 documents",
        "446", "345", "446", "345", "5.55", "0.9", "6.1",
    ),
    Peer(
        "hocuspocus 4.7 + redis", "S2 200 documents",
        "598", "95", "598", "95", "7.45", "1.3", "12",
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColdOpen:
    """Before and after compaction."""

    name: str
    ms: str
    store_bytes: str
    step2_bytes: str


COLD_OPEN = ColdOpen(
    "y/hub (y-redis 0.1.6)",
    "2,800..5,600 and 61",
    "11,830,000 and 4,800 (rest: Postgres)",
    "311,041",
)
"""The automerge-paper trace: 259,778 single edits."""
