"""A kernel that somebody was to shut down, and that lives on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rtstore.jupyter import launches
from rtstore.jupyter.sessions import _or_not


def test_it_takes_runs_as_before() -> None:
    told: list[str] = []
    backend = SimpleNamespace(kernels=SimpleNamespace(failed_to=told.append))
    with _or_not(backend, "k-1"):
        pass
    assert told == []
    with pytest.raises(OSError, match="no answer"), _or_not(backend, "k-1"):
        raise OSError("no answer")
    assert told == ["k-1"]


@pytest.mark.parametrize(
    ("argv", "is_ipython"),
    [
        (["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], True),
        (["/x/python3", "-I", "-m", "ipykernel", "-f", "c"], True),
        (["R", "--slave", "-e", "IRkernel::main()", "--args", "c"], False),
        (["xcpp", "-f", "c"], False),
        ([], False),
    ],
)
def test_ipython_is_known_by_its_command(argv: list[str], *, is_ipython: bool) -> None:
    assert launches.is_ipykernel(argv) is is_ipython
