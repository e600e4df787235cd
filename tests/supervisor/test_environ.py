from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rtstore.settings import Settings
from rtstore.supervisor.environ import child_environ, handed_down


def test_a_child_has_the_fingerprint_that_its_supervisor_expects(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RTSTORE_SAVE_AFTER_S", "9")  # a flag went over it
    monkeypatch.setenv("RTSTORE_HISTORY_DIR", str(tmp_path))
    given = settings.model_copy(update={"view": False, "workers": 3})
    told = handed_down(given, store_url="unix:///a%20b/c.sock", contents_id="c-1")

    child = subprocess.run(
        [sys.executable, "-c", SAYS],
        env=child_environ(told, state_dir=tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.secret is not None
    assert child.stdout.split() == [told.fingerprint(), "unix:///a%20b/c.sock", told.secret]


SAYS = """
from rtstore.settings import Settings
settings = Settings.load()
print(settings.fingerprint(), settings.redis_url, settings.secret)
"""
