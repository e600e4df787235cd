"""Ports for servers that are started later."""

from __future__ import annotations

import random

from rtstore.ports import free_port

_KEPT = range(20_000, 32_000)
"""Below those that systems give to connections, and to who asks for any: with those of a hundred
tests a port that was free a second ago may be taken."""


def port_for_later(host: str = "127.0.0.1") -> int:
    """A free one that nobody gets by asking for any."""
    port = free_port(host, random.sample(_KEPT, 100))
    assert port, f"no port of {host} is free"
    return port
