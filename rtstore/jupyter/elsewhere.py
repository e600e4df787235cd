"""Elsewhere: what another Jupyter server of this contents root has, that lives."""

from __future__ import annotations

import json
import socket

from rtstore.jupyter import launches
from rtstore.redis_backend.action_book import Record
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.live_state import SERVER, LiveState
from rtstore.schema.kinds import NOTEBOOK

_OF_PATHS = frozenset({"cell.run", "session.create"})


class Elsewhere:
    """See the module. `instance` names this process."""

    def __init__(self, index: KernelIndex, state: LiveState, *, instance: str) -> None:
        self._index, self._state, self._instance = index, state, instance

    async def lives(self, instance: str) -> bool:
        """Whether this is the name of another server, which lives; '' is nobody's.

        Raises StoreUnavailable, as the others do.
        """
        if instance in ("", self._instance):
            return False
        heard = await self._index.heard(instance)
        if heard is None:
            return False
        host, pid, created = heard
        # Killed and started again: it was heard lately, but its process is gone.
        return host != socket.gethostname() or launches.is_same(pid, created)

    async def has_kernel(self, kernel_id: str) -> bool:
        """Whether a kernel is another server's."""
        return await self.lives((await self._index.meta(kernel_id)).get("instance", ""))

    async def is_for(self, action: Record) -> bool:
        """Whether it is about a terminal there, or a kernel, by its id, session or notebook."""
        params, is_of_path = action["params"], action["action"] in _OF_PATHS
        if action["action"] == "terminal.delete":
            return await self._has_terminal(params["name"], params.get("server"))
        if kernel_id := params.get("kernel_id"):
            return await self.has_kernel(kernel_id)
        if not (is_of_path or "session_id" in params):
            return False
        meant = params.get("session_id")
        if is_of_path:
            meant = (params["path"], params.get("type", NOTEBOOK))
        for text in (await self._state.read(SERVER)).tables["sessions"].values():
            one = json.loads(text)
            found = (one["path"], one["type"]) if is_of_path else one["id"]
            if found == meant and await self.has_kernel(str(one["kernel_id"])):
                return True
        return False

    async def _has_terminal(self, name: str, server: str | None) -> bool:
        if server is not None:
            return await self.lives(server)
        terminals = [
            json.loads(text)
            for text in (await self._state.read(SERVER)).tables["terminals"].values()
        ]
        owners = {one.get("server", "") for one in terminals if one["name"] == name}
        if self._instance in owners:
            return False
        for owner in owners:
            if await self.lives(owner):
                return True
        return False
