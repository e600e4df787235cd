"""Server, without await: see the class of the same name in `rtstore.client`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, TypeVar

from rtstore import client
from rtstore.client.blocking.app import App
from rtstore.client.blocking.document import EveryonesPresence, Text
from rtstore.client.blocking.facade import Opened
from rtstore.client.blocking.live import Directory, ServerState
from rtstore.client.blocking.loop import Held, Loop
from rtstore.client.blocking.notebook import Notebook
from rtstore.client.records import About

T = TypeVar("T")


def connect(
    url: str, *, token: str | None = None, headers: Mapping[str, str] | None = None
) -> Server:
    """Reach the server at `url`, as `rtstore.client.connect` does, until it is closed.

    ``with connect(url) as server``, or ``server = connect(url)`` and ``server.close()`` later.
    """
    loop = Loop()
    try:
        return Server(loop, Held(loop, client.connect(url, token=token, headers=headers)))
    except BaseException:
        loop.stop()
        raise


class Server(Opened[client.Server]):
    """Opens documents, shows what runs, and has it do things. Any thread may use it."""

    def __init__(self, loop: Loop, held: Held[client.Server]) -> None:
        super().__init__(loop, held)
        self._open: list[Held[Any]] = []

    def notebook(self, path: str, timeout: float | None = None) -> Notebook:
        """Open the notebook at `path`, until it is closed or its ``with`` ends."""
        return Notebook(self._loop, self._hold(self._inner.notebook(path), timeout))

    def text(self, path: str, timeout: float | None = None) -> Text:
        """Open the text file at `path`."""
        return Text(self._loop, self._hold(self._inner.text(path), timeout))

    def app(
        self, name: str, schema: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> App:
        """Open the application's document `name`."""
        return App(self._loop, self._hold(self._inner.app(name, schema), timeout))

    def presence(self) -> EveryonesPresence:
        """Be seen in this server, in no document, and see who else is in it."""
        return EveryonesPresence(self._loop, self._hold(self._inner.presence()))

    def server(self, timeout: float | None = None) -> ServerState:
        """See what runs in this Jupyter server."""
        return ServerState(self._loop, self._hold(self._inner.server(), timeout))

    def directory(self, path: str = "", timeout: float | None = None) -> Directory:
        """See what is in a directory."""
        return Directory(self._loop, self._hold(self._inner.directory(path), timeout))

    def request(
        self,
        action: str,
        /,
        *,
        request_id: str = "",
        timeout: float | None = None,
        **params: Any,  # noqa: ANN401 -- any JSON
    ) -> Any:  # noqa: ANN401 -- any JSON
        """Have the server do something, and wait for its end. Raises TimeoutError."""
        asked = self._inner.request(action, request_id=request_id, **params)
        return self._loop.wait(asked, timeout)

    def about(self) -> About:
        """Which server this is, and who we are to it."""
        return self._loop.wait(self._inner.about())

    def _hold(
        self, manager: AbstractAsyncContextManager[T], timeout: float | None = None
    ) -> Held[T]:
        held = Held(self._loop, manager, timeout)
        self._open = [one for one in self._open if not one.is_released] + [held]
        return held

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close(is_abandoned=error is not None)

    def close(self) -> None:
        """Leave it, and all that is open in it. Raises as the documents' ``close``."""
        self._close(is_abandoned=False)

    def _close(self, *, is_abandoned: bool) -> None:
        if self._held.is_released:
            return
        try:
            for held in reversed(self._open):
                held.release(is_abandoned=is_abandoned)
        finally:
            self._held.release(is_abandoned=is_abandoned)
            self._loop.stop()
