"""Ports: which are free, and how one is kept for a server that starts later."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence


def free_port(host: str, wanted: Sequence[int]) -> int:
    """The first of `wanted` that can be bound on `host` (0: any free one); 0 if none can."""
    for port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    return 0


def hold_port(host: str, port: int) -> socket.socket | None:
    """Keep a port from who asks for any, until this is closed; None where that can't be done.

    On Linux a socket that is bound, and does not listen, does not keep it from who names it and
    reuses addresses, as servers do: so a port can be chosen for one that starts only later.
    """
    if sys.platform != "linux":
        return None
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
    except OSError:
        held.close()
        return None
    return held
