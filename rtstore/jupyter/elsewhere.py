"""Elsewhere: what another Jupyter server of this contents root has, that lives."""

from __future__ import annotations

import json

from rtstore.redis_backend.action_book import Record
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.live_state import SERVER, LiveState
from rtstore.schema.kinds import NOTEBOOK

_OF_PATHS = frozenset({"cell.run", "session.create"})


class Elsewhere:
    """See the module. `instance` names this process."""

    def __init__(self, index: KernelIndex, state: LiveState, *, instance: str) -> None:
        self._index, self._state, self._instance = index, state, instance

    async def has_kernel(self, kernel_id: str) -> bool:
        """Raises StoreUnavailable, as the others do."""
        instance = (await self._index.meta(kernel_id)).get("instance", self._instance)
        return instance != self._instance and await self._index.heard(instance) is not None

    async def is_for(self, action: Record) -> bool:
        """Whether it is about a kernel there, by its id, its session or its notebook."""
        params, is_of_path = action["params"], action["action"] in _OF_PATHS
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
