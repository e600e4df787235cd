"""Live: this server's part in its live rooms: it tells what is, and does what is asked for."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from jupyter_server.serverapp import ServerApp

from rtstore.jupyter.actions import Actions
from rtstore.jupyter.cell_runs import CellRuns
from rtstore.jupyter.deeds import Deeds
from rtstore.jupyter.elsewhere import Elsewhere
from rtstore.jupyter.file_ids import FileIds
from rtstore.jupyter.kernels import Kernels
from rtstore.jupyter.live_directories import LiveDirectories
from rtstore.jupyter.live_tables import LiveTables
from rtstore.jupyter.rest_calls import RestCalls, Users
from rtstore.redis_backend.action_book import ActionBook
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.live_state import LiveState


class Live:
    """See the module."""

    def __init__(
        self,
        serverapp: ServerApp,
        kernels: Kernels,
        file_ids: FileIds,
        keys: Keys,
        contents_id: str,
    ) -> None:
        self._serverapp, self._kernels = serverapp, kernels
        self._keys, self._contents_id = keys, contents_id
        self.tables = LiveTables(serverapp, kernels)
        self.users = Users()
        self.directories = LiveDirectories(
            lambda: serverapp.web_app.settings["contents_manager"], file_ids.get_id
        )

    def jobs(self, link: Link, files: FileIndex) -> list[Coroutine[Any, Any, None]]:
        """What is to run while there is a store."""
        root = self._keys.root(self._contents_id)
        state, book = LiveState(link, root), ActionBook(link, root)
        index = KernelIndex(link, self._keys, self._contents_id)
        app = self._serverapp
        deeds = Deeds(
            app,
            RestCalls(app.web_app, app.base_url),
            book,
            CellRuns(link, self._keys, files, contents_id=self._contents_id),
            self.users,
            self._kernels.instance,
        )

        async def is_alive(instance: str) -> bool:
            return await index.heard(instance) is not None

        instance = self._kernels.instance
        elsewhere = Elsewhere(index, state, instance=instance)
        actions = Actions(
            book, deeds, instance=instance, is_alive=is_alive, is_elsewhere=elsewhere.is_for
        )
        return [
            self.tables.run(link, index, state, elsewhere),
            self.directories.run(link, state),
            actions.run(link, state.feed),
        ]
