"""What others cost on a machine of the same kind (2 vCPU, Debian 12), by the same method."""

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
    p50_ms: str
    p99_ms: str

    def cells(self) -> list[str]:
        """As in a row of our own."""
        return [
            self.server_delivered, self.store_delivered, self.server_update, self.store_update,
            self.p50_ms, self.p99_ms, "",
        ]  # fmt: skip


PEERS = [
    Peer("y/hub (y-redis 0.1.6)", "S1 300 readers", "10.3", "0.85", "3098", "256", "2.7", "7.0"),
    Peer("hocuspocus 4.7 + redis", "S1 300 readers", "15.5", "0.39", "4642", "116", "2.7", "6.7"),
    Peer("jupyter-collaboration 5.0", "S1 300 readers", "80.3", "", "", "", "424", "853"),
    Peer("y/hub (y-redis 0.1.6)", "S2 200 documents", "446", "345", "446", "345", "0.9", "6.1"),
    Peer("hocuspocus 4.7 + redis", "S2 200 documents", "598", "95", "598", "95", "1.3", "12"),
]
