from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rtstore.kernel_bridge import holes


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can do it")
def test_what_was_copied_takes_no_room_and_the_rest_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "1.journal"
    path.write_bytes(b"a" * 2**20 + b"rest")
    before = path.stat()
    if not holes.punch(str(path), 0, 2**20):
        pytest.skip("this file system can't")
    after = path.stat()
    assert after.st_size == before.st_size
    assert after.st_blocks < before.st_blocks
    assert path.read_bytes()[2**20 :] == b"rest"


def test_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert not holes.punch(str(tmp_path / "none"), 0, 4096)
