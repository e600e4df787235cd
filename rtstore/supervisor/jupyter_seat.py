"""The Jupyter server that `rtstore lab` runs: where it listens, whether it serves, who it is.

```
<state-dir>/jupyter-<K>.owner   held by the supervisor of this Jupyter server
<state-dir>/jupyter-<K>.json    its pid, port and token
<state-dir>/jupyter-<K>.log     its log
```
One whose supervisor was killed serves on, with its kernels; the next supervisor that wants the
same adopts it, on the same port and with the same token.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rtstore.errors import SettingsError
from rtstore.ports import free_port, hold_port
from rtstore.supervisor.locks import FileLock
from rtstore.supervisor.processes import Process
from rtstore.supervisor.state_dir import read_json, write_json

logger = logging.getLogger(__name__)

STOP_S = 15.0
"""Jupyter shuts its kernels down before it leaves."""
ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class JupyterCommand:
    """How to start Jupyter, but for the port and the token."""

    argv: Callable[[int], Sequence[str]]
    """The command line for a port. Must be the same whenever the same is wanted."""
    ports: Sequence[int] = (0,)
    """The first free one is taken; 0: any."""
    host: str = "127.0.0.1"
    """Where it listens."""
    base_url: str = "/"
    """With a slash at both ends."""
    token: str | None = field(default=None, repr=False)
    """None: made, and kept over restarts. Handed over in a file, not on the command line."""
    tls: bool = False


class JupyterSeat:
    """One Jupyter server. First `take`; then `start` as often as it takes; at last `leave`."""

    def __init__(self, command: JupyterCommand, *, state_dir: Path, key: str) -> None:
        """`key` says everything besides the command that must be equal for an adoption."""
        self.port = 0
        self.token = ""
        self._command = command
        self._state_dir = state_dir
        told = json.dumps([key, list(command.argv(0)), command.host, command.base_url])
        self._key = hashlib.sha256(told.encode()).hexdigest()[:16]
        self._owner: FileLock | None = None
        self._name = ""
        self._found: Process | None = None
        self._held: socket.socket | None = None
        """Keeps the port while no server is there."""

    @property
    def log(self) -> Path:
        """What Jupyter said."""
        return self._path("log")

    @property
    def url(self) -> str:
        """Its base URL on this machine, ending in a slash."""
        return self.url_at(None)

    def url_at(self, host: str | None) -> str:
        """`url` as it is from elsewhere, where this machine is called `host`."""
        scheme = "https" if self._command.tls else "http"
        host = reached_at(self._command.host) if host is None else host
        host = f"[{host}]" if ":" in host else host
        return f"{scheme}://{host}:{self.port}{self._command.base_url}"

    async def take(self) -> None:
        """Decide on port and token: those of a server that was left to us, else new ones.

        A server left behind that is not what is wanted now is ended. Raises SettingsError if the
        port is in use.
        """
        self._owner = self._claim()
        told = read_json(self._path("json"))
        orphan = self._orphan(told)
        if orphan is not None and self._wants(told):
            self._found = orphan
            self.port, self.token = int(told["port"]), str(told["token"])
            logger.info("jupyter adopted pid=%d port=%d", orphan.pid, self.port)
            return
        if orphan is not None:
            logger.info("jupyter was left running with other options, ended pid=%d", orphan.pid)
            await orphan.stop(within_s=STOP_S)
        command = self._command
        self.port = free_port(command.host, command.ports)
        if not self.port:
            raise SettingsError(
                f"port {command.ports[0]} of {command.host} is in use: choose another with"
                " --port, or --port 0 for any"
            )
        self._held = hold_port(command.host, self.port)
        self.token = secrets.token_hex(24) if command.token is None else command.token

    async def start(self, environ: Mapping[str, str]) -> Process:
        """The server that was left to us, once; from then on a new one on the same port."""
        if (found := self._found) is not None:
            self._found = None
            if found.alive:
                return found
        token_file = self._path("token")
        token_file.unlink(missing_ok=True)
        token_file.touch(mode=0o600)
        token_file.write_text(self.token)
        told = {name: value for name, value in environ.items() if name != "JUPYTER_TOKEN"}
        told |= {"RTSTORE_SUPERVISED": "1", "JUPYTER_TOKEN_FILE": str(token_file)}
        process = Process.spawn(self._command.argv(self.port), log=self.log, environ=told)
        record = {"pid": process.pid, "created": process.created_at, "key": self._key}
        write_json(self._path("json"), record | {"port": self.port, "token": self.token})
        return process

    async def is_ready(self, _process: Process) -> bool:
        """Whether it answers ``api/status``."""
        status = await http_status(
            (self._command.host, self.port),
            f"{self._command.base_url}api/status",
            token=self.token,
            tls=self._command.tls,
        )
        if status in (401, 403):
            logger.warning(
                "jupyter does not accept the token we gave it: your Jupyter configuration sets"
                " its own (IdentityProvider.token or a login); use that, or give --token"
            )
        return status in (200, 401, 403)

    def leave(self) -> None:
        """Nobody supervises this server any more."""
        if self._owner is not None:
            self._owner.release()
        if self._held is not None:
            self._held.close()

    def _path(self, kind: str) -> Path:
        return self._state_dir / f"{self._name}.{kind}"

    def _claim(self) -> FileLock:
        """The first place that nobody supervises, with or without a server in it."""
        number = 0
        while True:
            self._name = f"jupyter-{number}"
            owner = FileLock(self._path("owner"))
            if owner.try_acquire():
                return owner
            number += 1

    def _orphan(self, told: dict[str, Any]) -> Process | None:
        if "pid" not in told or "created" not in told:
            return None
        return Process.find(int(told["pid"]), created=told["created"])

    def _wants(self, told: dict[str, Any]) -> bool:
        ports, port = self._command.ports, told.get("port")
        same_port = port in ports or 0 in ports
        same_token = self._command.token in (None, told.get("token"))
        return told.get("key") == self._key and same_port and same_token


def reached_at(host: str) -> str:
    """Where this machine reaches who listens on `host`, which may be all its addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- not bound here


async def http_status(
    address: tuple[str, int], path: str, *, token: str = "", tls: bool = False
) -> int | None:
    """The status of a GET; None if there is no answer in time.

    By hand, as layers above own the HTTP clients; a certificate is not checked: it is ours.
    """
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    host, port = reached_at(address[0]), address[1]
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
    lines += [f"Authorization: token {token}"] if token else []
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            try:
                writer.write("\r\n".join([*lines, "", ""]).encode())
                answer = (await reader.readline()).split()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    return int(answer[1]) if len(answer) > 1 and answer[1].isdigit() else None
