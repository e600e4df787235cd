from __future__ import annotations

import threading
from pathlib import Path

from tests.support.turns import turn


def test_one_alone_waits_for_others_and_they_for_it(tmp_path: Path) -> None:
    inside, told = threading.Event(), list[str]()

    def measure() -> None:
        inside.set()
        with turn(tmp_path, alone=True):
            told.append("alone")

    with turn(tmp_path, alone=False), turn(tmp_path, alone=False):
        thread = threading.Thread(target=measure)
        thread.start()
        assert inside.wait(10)
        thread.join(0.2)
        assert thread.is_alive()  # it waits
        told.append("side by side")
    thread.join(10)
    assert told == ["side by side", "alone"]
    with turn(tmp_path, alone=False):
        pass
