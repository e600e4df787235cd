"""Connection: how to reach one kernel, from the file that Jupyter writes for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtstore.errors import KernelUnreachable


@dataclass(frozen=True, slots=True)
class Connection:
    """Addresses and key; source: jupyter_client's ``connect`` module."""

    shell: str
    stdin: str
    iopub: str
    heartbeat: str
    key: bytes

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
                key=str(told.get("key", "")).encode(),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KernelUnreachable(f"connection file {path}: {error}") from error


def _address(told: dict[str, Any], channel: str) -> str:
    port = int(told[f"{channel}_port"])
    if told.get("transport", "tcp") == "ipc":
        return f"ipc://{told['ip']}-{port}"
    return f"tcp://{told['ip']}:{port}"
