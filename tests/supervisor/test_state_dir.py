from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rtstore.errors import SettingsError
from rtstore.supervisor import state_dir as sd


def test_the_secret_is_made_once_whoever_comes(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(lambda _: sd.shared_secret(tmp_path / "data"), range(32)))

    assert len(told) == 1
    assert len(told.pop()) >= 32
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]


def test_a_secret_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    first = sd.shared_secret(tmp_path)
    (tmp_path / "secret").chmod(0o644)

    assert sd.shared_secret(tmp_path) == first
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")

    with pytest.raises(SettingsError, match="delete it"):
        sd.shared_secret(tmp_path)


def test_directories_are_for_this_user_only(tmp_path: Path) -> None:
    found = sd.state_dir(tmp_path / "data", "c-1")

    assert found.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["", "..", "a/b", "{x}", "a" * 65])
def test_an_id_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="RTSTORE_CONTENTS_ID"):
        sd.state_dir(tmp_path, name)


def test_a_directory_that_can_not_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(SettingsError, match="RTSTORE_DATA_DIR"):
        sd.state_dir(tmp_path / "data", "c-1")


def test_a_short_directory_holds_its_own_socket(tmp_path: Path) -> None:
    assert sd.socket_path(tmp_path, "s.sock") == tmp_path / "s.sock"


def test_a_long_one_gets_a_private_place_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sd, "_runtime_dirs", lambda: [tmp_path / "missing" / "rt", tmp_path / "rt"]
    )
    home = tmp_path / ("x" * 90)
    home.mkdir(mode=0o700)

    path = sd.socket_path(home, "s.sock")
    assert len(str(path)) <= sd.SOCKET_PATH_BYTES_MAX
    assert path.parent.stat().st_mode & 0o077 == 0
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    monkeypatch.setattr(sd, "_runtime_dirs", lambda: [tmp_path / "other"])
    assert sd.socket_path(home, "s.sock", known=path) == path

    moved = home.rename(tmp_path / ("y" * 90))
    assert sd.socket_path(moved, "s.sock", known=path).parent == tmp_path / "other"


def test_a_place_that_somebody_else_made_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "rt"
    monkeypatch.setattr(sd, "_runtime_dirs", lambda: [place])
    home = tmp_path / ("x" * 90)
    home.mkdir()
    place.symlink_to(tmp_path)

    with pytest.raises(SettingsError, match="no place for a unix socket"):
        sd.socket_path(home, "s.sock")

    place.unlink()
    place.mkdir(mode=0o755)
    with pytest.raises(SettingsError, match="no place for a unix socket"):
        sd.socket_path(home, "s.sock")


def test_a_file_that_is_no_record_is_an_empty_one(tmp_path: Path) -> None:
    record = tmp_path / "a.json"
    assert sd.read_json(record) == {}
    for told in ("", "{", "[1]"):
        record.write_text(told)
        assert sd.read_json(record) == {}

    sd.write_json(record, {"a": 1})
    assert sd.read_json(record) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
