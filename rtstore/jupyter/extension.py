"""The Jupyter server extension ``rtstore``."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.serverapp import ServerApp

from rtstore.errors import SettingsError
from rtstore.jupyter import (
    clashes,
    contents_hooks,
    events,
    internal,
    internal_kernels,
    kernel_actions,
    kernel_channels,
    labextensions,
    provisioner,
    rest_calls,
)
from rtstore.jupyter.backend import Backend
from rtstore.jupyter.file_ids import IdHandler, PathHandler
from rtstore.jupyter.get_document import Documents
from rtstore.jupyter.page_kernels import sparing
from rtstore.jupyter.proxy import (
    SESSION_WAIT_S,
    ActionProxy,
    KernelProxy,
    RunAskProxy,
    RunProxy,
    WorkerProxy,
)
from rtstore.jupyter.room_proxy import RoomProxy
from rtstore.jupyter.sessions import one_kernel_each
from rtstore.settings import Settings

CHAT_OVER_ROOMS = {
    "enabled": True,
    # jupyterlab-chat knows two providers by name; this one's protocol is ours.
    "provider": "jupyter_server_ydoc",
    "providerDetails": {
        "installed": [],
        "enabledByServer": ["jupyter_server_ydoc"],
        "enabledByTrait": ["jupyter_server_ydoc"],
    },
}


class RTStoreExtension(ExtensionApp):  # type: ignore[misc] # untyped
    """Serves collaboration through rtstore's workers; starts them and the store when none are
    given.
    """

    name = "rtstore"
    description = "Real-time collaboration on Redis."

    _backend: Backend | None = None

    def _link_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Jupyter's hook: it is configured, and has made nothing yet."""
        super()._link_jupyter_server_extension(serverapp)
        labextensions.add(serverapp)
        # Jupyter makes it a moment later; its choice of a session manager depends on it.
        serverapp.gateway_config = GatewayClient.instance(parent=serverapp)
        serverapp.session_manager_class = one_kernel_each(
            serverapp.session_manager_class, lambda: self._backend
        )
        serverapp.kernel_websocket_connection_class = sparing(
            serverapp.kernel_websocket_connection_class
        )
        if "default_provisioner_name" not in serverapp.config.KernelProvisionerFactory:
            serverapp.config.KernelProvisionerFactory.default_provisioner_name = provisioner.NAME

    def initialize_settings(self) -> None:
        """Jupyter's hook: before the handlers."""
        self._running: asyncio.Task[None] | None = None
        # Jupyter shows what its own loggers are told; ours are to be seen there too.
        logging.getLogger("rtstore").parent = self.log
        fatal = False
        for clash in clashes.found(self.serverapp):
            self.log.error("rtstore: %s", clash.message())
            fatal = fatal or clash.is_fatal
        if fatal:
            return
        try:
            self._backend = Backend(self.serverapp, Settings.load())
        except SettingsError as error:
            self.log.error("rtstore is off until this is settled: %s", error)  # noqa: TRY400
            return
        events.register(self.serverapp.event_logger)
        self._set_page_config()
        self._be_file_id_manager(self._backend)
        self.settings["jupyter_server_ydoc"] = Documents(self._backend)
        for listener in (self._backend.changes.heard, self._backend.live.directories.heard):
            self.serverapp.event_logger.add_listener(schema_id=events.CONTENTS, listener=listener)
        rest_calls.believe(self.settings["identity_provider"], self._backend.live.users)

    def initialize_handlers(self) -> None:
        """Jupyter's hook. Ours go before Jupyter's own."""
        if self._backend is None:
            return
        given = {"backend": self._backend}
        self.handlers.extend(
            (rf"/{path}", handler, given)
            for path, handler in (
                *internal.ROUTES,
                *internal_kernels.ROUTES,
                *kernel_channels.ROUTES,
            )
        )
        patient = given | {"wait_s": SESSION_WAIT_S}
        ids = {"file_ids": self._backend.file_ids}
        self.handlers.extend(
            [
                (r"/rtstore/input/(.+)", KernelProxy, given),
                (r"/rtstore/runs/(.+)", RunProxy, given),
                (r"/rtstore/actions", ActionProxy, given),
                (r"/rtstore/(?!internal/)(.*)", WorkerProxy, given),
                (r"/api/collaboration/room/(.+)", RoomProxy, given),
                (r"/api/collaboration/session/(.*)", WorkerProxy, patient),
                (r"/api/collaboration/(?!room/)(.*)", WorkerProxy, given),
                # jupyter_server_fileid, where it is enabled, was first: it asks our manager too
                (r"/api/fileid/id", IdHandler, ids),
                (r"/api/fileid/path", PathHandler, ids),
                (r"/api/kernels/[\w-]+/execute", RunAskProxy, patient),
                (r"/api/kernels/[\w-]+/(?:input|requests/.+)", KernelProxy, patient),
                *((route, handler, given) for route, handler in kernel_actions.ROUTES),
                *contents_hooks.routes(self._backend, "/"),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Jupyter's hook: its loop runs. Store and workers start meanwhile."""
        if self._backend is not None:
            # Jupyter has a hook for the start and one for the stop, and no scope between them:
            # this one task owns everything else, and `stop_extension` waits for its end.
            loop = asyncio.get_running_loop()
            self._running = loop.create_task(self._backend.run(), name="rtstore")
            self._running.add_done_callback(self._ended)

    async def stop_extension(self) -> None:
        """Jupyter's hook: it stops."""
        if self._backend is not None and self._running is not None:
            await self._backend.stop(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("rtstore ended: %r", error, exc_info=error)

    def _set_page_config(self) -> None:
        page = self.settings.setdefault("page_config_data", {})
        page["disableRTC"] = False
        # The page asks us to run a cell, and shows what the document says of it.
        page["serverSideExecution"] = True
        page["rtstore"] = "together"  # what our labextension has to talk to is there
        # jupyterlab_chat was loaded before (by name) and found no provider that it knows.
        page["serverSessionRtcInfo"] = CHAT_OVER_ROOMS

    def _be_file_id_manager(self, backend: Backend) -> None:
        """One truth of file ids: jupyter_server_fileid's REST asks ours, where it is enabled."""
        others = self.serverapp.extension_manager.extensions.get("jupyter_server_fileid")
        if others is not None and others.enabled:
            from jupyter_server_fileid.manager import (  # type: ignore[import-not-found]  # optional
                BaseFileIdManager,
            )

            BaseFileIdManager.register(type(backend.file_ids))
            self.log.info("rtstore: file ids are kept in Redis, not by jupyter_server_fileid")
        self.settings["file_id_manager"] = backend.file_ids


def extension_points() -> list[dict[str, Any]]:
    """What `rtstore._jupyter_server_extension_points` tells Jupyter."""
    return [{"module": "rtstore.jupyter.extension", "app": RTStoreExtension}]
