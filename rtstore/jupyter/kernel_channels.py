"""A kernel's channels for bridges that don't reach it: ``{base}rtstore/internal/channels/<id>``.

Jupyter's own websocket, for who has this deployment's secret, and without its limit on how much a
kernel may say: what we are not told is nowhere.
"""

from __future__ import annotations

import time
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.utils import url_path_join
from tornado.escape import url_escape
from tornado.httpclient import HTTPRequest
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketHandler,
    websocket_connect,
)

from rtstore.errors import NotAllowed
from rtstore.jupyter.backend import Backend
from rtstore.jupyter.page_kernels import Sparing
from rtstore.jupyter.rights import without_login
from rtstore.schema.identity import SIGNATURE_HEADER, verify_request

FRAME_BYTES_MAX = 2**30
"""A single print may be as large."""
TRY_AGAIN = 1013


class GatewayLine(GatewayWebSocketConnection):  # type: ignore[misc] # untyped
    """As Jupyter's, for large messages too; it ends with the gateway's end.

    Jupyter's connects again by itself, and whoever is at our end would not know that something
    may be missing.
    """

    async def connect(self) -> None:
        """Jupyter's hook: the bridge is there."""
        client = GatewayClient.instance()
        url = url_path_join(
            client.ws_url or "", client.kernels_endpoint, url_escape(self.kernel_id), "channels"
        )
        request = HTTPRequest(
            f"{url}?session_id={url_escape(self.session_id)}", **client.load_connection_args()
        )
        try:
            self.ws = await websocket_connect(request, max_message_size=FRAME_BYTES_MAX)
        except Exception as error:  # of the network, or what the gateway answers
            self.websocket_handler.close(TRY_AGAIN, f"no gateway: {error}"[:100])
            return
        if self.disconnected:  # the bridge left meanwhile
            self.ws.close()
            return
        IOLoop.current().spawn_callback(self._hand_on, self.ws)

    async def _hand_on(self, gateway: WebSocketClientConnection) -> None:
        """Until either end is closed; no quicker than the bridge takes it."""
        handler = self.websocket_handler
        try:
            while (message := await gateway.read_message()) is not None:
                await handler.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            self.disconnect()
        else:
            handler.close(TRY_AGAIN, "the gateway let go")


class ChannelsHandler(KernelWebsocketHandler):  # type: ignore[misc] # untyped
    """See the module. 403 without a signature, 404 for an unknown kernel."""

    def initialize(self, backend: Backend) -> None:
        """Takes what the route was registered with."""
        self._backend = backend

    def get_compression_options(self) -> None:
        """None: the other end is near."""

    @property
    def kernel_websocket_connection_class(self) -> type[Any]:
        """As Jupyter is configured."""
        kind: type[Any] = super().kernel_websocket_connection_class
        return GatewayLine if kind is GatewayWebSocketConnection else kind

    async def pre_get(self) -> None:
        """Jupyter's hook: decide who may, and make the connection to the kernel."""
        try:
            verify_request(
                self.request.headers.get(SIGNATURE_HEADER, ""),
                "GET",
                self.request.path,
                secret=self._backend.secret,
                now=time.time(),
            )
        except NotAllowed as error:
            raise HTTPError(403, str(error)) from error
        if self.kernel_id not in self.kernel_manager:
            raise HTTPError(404, f"no kernel {self.kernel_id}")
        connection = self.kernel_websocket_connection_class(
            parent=self.kernel_manager.get_kernel(self.kernel_id),
            websocket_handler=self,
            config=self.config,
        )
        connection.session.session = self.get_argument("session_id")
        if hasattr(connection, "limit_rate"):
            connection.limit_rate = False
        if isinstance(connection, Sparing):
            connection.is_for_page = False
        self.connection = connection
        if hasattr(connection, "prepare"):
            await ensure_async(connection.prepare())

    @without_login
    async def get(self, kernel_id: str) -> None:
        """Upgrade."""
        self.kernel_id = kernel_id
        await self.pre_get()
        await WebSocketHandler.get(self, kernel_id=kernel_id)


ROUTES = [(r"rtstore/internal/channels/(?P<kernel_id>[\w-]+)", ChannelsHandler)]
