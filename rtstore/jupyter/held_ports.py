"""HeldPorts: those of a kernel, so that no other program is given one while the kernel starts.

Jupyter chooses them and lets go of them; the kernel takes them when it has loaded, a second or
more later, and after a restart takes the same ones. Where much is started, one of them is another
program's by then, and the kernel ends.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from rtstore.ports import hold_port

CHANNELS = ("shell", "iopub", "stdin", "hb", "control")


class HeldPorts:
    """See the module. `hold` before each start, `release` when there will be none."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], socket.socket] = {}

    def hold(self, connection: Mapping[str, Any]) -> None:
        """Those that the kernel is told to take, and no others. One that is taken is let be."""
        wanted: set[tuple[str, int]] = set()
        if connection.get("transport") == "tcp":
            wanted = {(str(connection["ip"]), int(connection[f"{one}_port"])) for one in CHANNELS}
        for address in self._held.keys() - wanted:
            self._held.pop(address).close()
        for address in wanted - self._held.keys():
            if (held := hold_port(*address)) is not None:
                self._held[address] = held

    def release(self) -> None:
        """They are anybody's."""
        while self._held:
            self._held.popitem()[1].close()
