"""Which server extensions Jupyter's configuration files enable, and which file says so.

Source: `jupyter_server.config_manager`: of the directories the first wins; within one,
``jupyter_server_config.json`` over ``jupyter_server_config.d/*.json``, and of those the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_config_path

_NAME = "jupyter_server_config"


@dataclass(frozen=True, slots=True)
class Switch:
    """One extension's setting."""

    is_on: bool
    file: Path


def switches() -> dict[str, Switch]:
    """Extension → what is in force. Files that are no JSON object count as empty."""
    found: dict[str, Switch] = {}
    for file in _files():
        for name, is_on in _extensions(file).items():
            found[name] = Switch(bool(is_on), file)
    return found


def _files() -> Iterator[Path]:
    for directory in reversed([Path(one) for one in jupyter_config_path()]):
        yield from sorted((directory / f"{_NAME}.d").glob("*.json"))
        yield directory / f"{_NAME}.json"


def _extensions(file: Path) -> dict[str, object]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}
