from __future__ import annotations

import pytest

from tests.examples.built import TSC, install, run


@pytest.mark.parametrize("name", ["react-notebook", "todo"])
def test_the_types_of_an_example_are_right(name: str) -> None:
    install()
    run(name, TSC, "--noEmit")
