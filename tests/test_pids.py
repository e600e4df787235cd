from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rtstore.jupyter.attached import Attached
from rtstore.pids import is_alive


@pytest.fixture
def child() -> subprocess.Popen[bytes]:
    """It runs until its stdin ends."""
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def test_a_process_that_nobody_waited_for_is_over(child: subprocess.Popen[bytes]) -> None:
    assert is_alive(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(child.pid)
    child.communicate()
    assert not is_alive(child.pid)


def test_a_process_that_anybody_else_has_is_alive() -> None:
    assert is_alive(1)


def test_who_waits_in_vain_for_an_attached_process_is_told(child: subprocess.Popen[bytes]) -> None:
    attached = Attached(child.pid)
    with pytest.raises(subprocess.TimeoutExpired, match=str(child.pid)):
        attached.wait(timeout=0.1)
    assert attached.poll() is None
    attached.kill()
    assert attached.wait(timeout=10) == 0
    assert attached.poll() == 0
    child.communicate()
