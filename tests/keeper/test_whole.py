"""What a document keeps beside it, put back for a file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtstore.keeper import giants
from rtstore.keeper.charge import Charge
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Arg
from rtstore.schema.giants import Beside, rest
from tests.support.fake_link import FakeLink


class _Counting(FakeLink):
    """How much was read through it."""

    read = 0

    async def command(self, *args: Arg) -> Any:
        reply = await super().command(*args)
        if args[0] == "GET":
            self.read += len(reply or b"")
        return reply


async def test_what_a_file_does_not_get_is_not_read_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(giants, "WHOLE_BYTES_MAX", 1000)
    link, keys = _Counting(), Keys().document("d")
    charge = cast("Charge", SimpleNamespace(office=SimpleNamespace(link=link), keys=keys))
    outputs = []
    for number, size in enumerate((400, 5000, 600, 1)):
        await link.command("SET", keys.spill(f"run.{number}"), "x" * size)
        outputs += [
            {"output_type": "stream", "name": "stdout", "text": "head\n"},
            rest("stdout", size, Beside("/", "d"), spill=f"run.{number}"),
        ]

    content = await giants.put_back(charge, {"cells": [{"outputs": outputs}]})

    kinds = [one["output_type"] for one in content["cells"][0]["outputs"]]
    assert kinds == ["stream", "stream", "display_data", "stream", "stream", "display_data"]
    assert link.read == 1000
