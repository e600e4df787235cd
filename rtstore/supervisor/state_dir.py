"""Where things lie on this host: private directories, the shared secret, short socket paths.

```
<data_dir>/secret                       shared by the extension and all workers of this user
<data_dir>/store/                       the embedded store, see embedded_store.py
<data_dir>/roots/<S>/                   one contents root: slots, logs, supervisor.lock
```
All of it is for one user: directories 0700, files 0600.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import socket
import stat
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs

from rtstore.errors import SettingsError
from rtstore.supervisor.locks import require_posix

logger = logging.getLogger(__name__)

SOCKET_PATH_BYTES_MAX = 100
"""sun_path holds 104 bytes on macOS and 108 on Linux, with a NUL; some room is left."""
_CONTENTS_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


def state_dir(data_dir: Path, contents_id: str) -> Path:
    """The directory of one contents root, made if missing.

    Raises SettingsError if the id can't name a directory, or it can't be made or is another's.
    """
    if not _CONTENTS_ID.fullmatch(contents_id):
        raise SettingsError(
            f"RTSTORE_CONTENTS_ID={contents_id!r}: at most 64 letters, digits, '-', '_' and '.'"
        )
    return private_dir(data_dir / "roots" / contents_id)


def private_dir(path: Path) -> Path:
    """`path`, made if missing, for this user only. Raises SettingsError naming the remedy."""
    require_posix()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid != os.geteuid():
            raise SettingsError(
                f"RTSTORE_DATA_DIR: {path} belongs to user id {found.st_uid}, not to you"
                f" ({os.geteuid()}); set it to a directory of your own"
            )
        if found.st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise SettingsError(
            f"RTSTORE_DATA_DIR: {path} can't be used ({error.strerror});"
            " set it to a directory that you can write to"
        ) from error
    return path


def shared_secret(data_dir: Path) -> str:
    """What all processes of this user sign with; made at the first call, by one caller only."""
    path = private_dir(data_dir) / "secret"
    if not path.exists():
        _publish(path, secrets.token_urlsafe(32))
    if path.stat().st_mode & 0o077:
        logger.warning("%s was readable by others; made private", path)
        path.chmod(0o600)
    told = path.read_text().strip()
    if len(told) < 16:
        raise SettingsError(f"{path} is damaged: delete it, and a new secret is made")
    return told


def socket_path(home: Path, name: str, *, known: Path | None = None) -> Path:
    """Where a socket that belongs to the directory `home` may be bound.

    In `home`, unless its path is too long for a socket or its file system can't hold one; then in
    a short private directory. `known` (where it was before) is kept while it will do.
    """
    unique = f"{sha256(os.fsencode(home)).hexdigest()[:10]}-{name}"
    choices = [home / name, *(folder / unique for folder in _runtime_dirs())]
    # Not one that another `home` made: the directory may have been moved or copied.
    if known is not None and (known == choices[0] or known.name == unique):
        choices.insert(0, known)
    for path in choices:
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX and _binds(path.parent, private=home):
            return path
    raise SettingsError(
        f"RTSTORE_DATA_DIR: no place for a unix socket; tried {', '.join(map(str, choices))}."
        " Set XDG_RUNTIME_DIR or TMPDIR to a short directory of your own"
    )


def write_json(path: Path, told: object) -> None:
    """Replace the file in one step: a reader sees the old or the new, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    _write_private(beside, json.dumps(told))
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` wrote; {} if it is missing or no JSON object."""
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _publish(path: Path, text: str) -> None:
    """Make the file with its content in one step; if somebody was first, theirs stays."""
    beside = path.with_name(f".secret.{os.getpid()}.{secrets.token_hex(4)}")
    _write_private(beside, text)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(
            f"RTSTORE_DATA_DIR: {path.parent} can't hold hard links ({error.strerror});"
            " set it to a directory on a local disk, or set RTSTORE_SECRET"
        ) from error
    finally:
        beside.unlink()


def _write_private(path: Path, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _runtime_dirs() -> list[Path]:
    with warnings.catch_warnings():
        # It warns that XDG_RUNTIME_DIR is missing or not private; what it names then is checked.
        warnings.simplefilter("ignore")
        try:
            found = [Path(platformdirs.user_runtime_dir("rtstore", appauthor=False))]
        except OSError:
            found = []
    short = f"rtstore-{os.geteuid()}"
    return [*found, Path(tempfile.gettempdir()) / short, Path("/tmp") / short]  # noqa: S108 -- checked in _binds


def _binds(folder: Path, *, private: Path) -> bool:
    """Whether a socket can be bound in `folder`, and nobody else can touch it there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        shared_parent = folder != private
        if shared_parent and (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != os.geteuid()
            or found.st_mode & 0o077
        ):
            return False  # in a temporary directory somebody else may have been first
        trial = folder / f".{os.getpid()}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(trial))
        trial.unlink()
    except OSError:
        return False
    return True
