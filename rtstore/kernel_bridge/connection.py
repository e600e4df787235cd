"""Connection: how to reach one kernel, from the file that Jupyter writes for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq

from rtstore.errors import KernelUnreachable


@dataclass(frozen=True, slots=True)
class Connection:
    """Addresses and keys; source: jupyter_client's ``connect`` module."""

    shell: str
    stdin: str
    iopub: str
    heartbeat: str
    control: str
    key: bytes
    curve: tuple[bytes, bytes] | None = None
    """CurveZMQ's public and secret key (Z85) of the kernel and its clients; None: in the clear."""

    def connect(self, socket: zmq.Socket[Any], address: str) -> None:
        """Connect to one of the addresses, encrypted where the kernel is.

        Raises KernelUnreachable if it is and the installed ZeroMQ can't.
        """
        if self.curve is not None:
            try:
                socket.curve_publickey, socket.curve_secretkey = self.curve
                socket.curve_serverkey = self.curve[0]
            except zmq.ZMQError as error:
                raise KernelUnreachable(f"CurveZMQ for {address}: {error}") from error
        socket.connect(address)

    @classmethod
    def read(cls, path: str) -> Connection:
        """Raises KernelUnreachable if the file is missing or is no connection file."""
        try:
            told = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(
                shell=_address(told, "shell"),
                stdin=_address(told, "stdin"),
                iopub=_address(told, "iopub"),
                heartbeat=_address(told, "hb"),
                control=_address(told, "control"),
                key=str(told.get("key", "")).encode(),
                curve=_curve(told),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KernelUnreachable(f"connection file {path}: {error}") from error


def _address(told: dict[str, Any], channel: str) -> str:
    port = int(told[f"{channel}_port"])
    if told.get("transport", "tcp") == "ipc":
        return f"ipc://{told['ip']}-{port}"
    return f"tcp://{told['ip']}:{port}"


def _curve(told: dict[str, Any]) -> tuple[bytes, bytes] | None:
    public, secret = told.get("curve_publickey"), told.get("curve_secretkey")
    return (str(public).encode(), str(secret).encode()) if public and secret else None
