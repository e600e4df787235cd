"""``settings["jupyter_server_ydoc"]``: open documents for other server extensions."""

from __future__ import annotations

from rtstore.jupyter.backend import Backend


class Documents:
    """What jupyterlab-chat, jupyter-ai and others call."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
