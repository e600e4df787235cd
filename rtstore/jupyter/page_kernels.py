"""A page's kernel websocket, without the large outputs of cells that rtstore runs.

The page shows those from the notebook, where a link stands for most of them. Jupyter would send
each to all pages besides: of 20 MB in one output, each read 20 MB and stood still meanwhile.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.base import BaseKernelWebsocketConnection
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from rtstore.schema.run import session_of

LARGE_BYTES = 2**18
SPARED = "Large outputs of this cell are in the notebook, and are not repeated here."
OUTPUTS = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error"})


def sparing(
    kind: type[BaseKernelWebsocketConnection],
) -> type[BaseKernelWebsocketConnection]:
    """The connection class that Jupyter is configured with, made to spare pages."""
    if not issubclass(kind, ZMQChannelsWebsocketConnection):
        return kind  # to a gateway's kernels: it passes on text that it does not read
    return type(f"Sparing{kind.__name__}", (Sparing, kind), {})


class Sparing(ZMQChannelsWebsocketConnection):  # type: ignore[misc] # untyped
    """See the module. What a page runs by itself it gets whole."""

    is_for_page = True
    """Whether there is a page at the other end, and not one who has to hear all."""
    _told_of = ""
    """The request of which the page knows that it does not get everything."""

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[bytes]) -> None:  # noqa: ANN401
        """Jupyter's hook: the kernel said something."""
        if self.is_for_page and sum(map(len, outgoing_msg)) > LARGE_BYTES:
            _, parts = self.session.feed_identities(outgoing_msg)
            header, parent = (self.session.unpack(part) for part in parts[1:3])
            is_ours = parent.get("session") == session_of(self.kernel_id)
            if is_ours and header["msg_type"] in OUTPUTS:
                if self._told_of != parent["msg_id"]:
                    self._told_of = parent["msg_id"]
                    self.write_stderr(SPARED, parent)
                return
        super().handle_outgoing_message(stream, outgoing_msg)
