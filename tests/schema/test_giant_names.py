"""What counts as a reference to what is kept beside a document."""

from __future__ import annotations

from rtstore.schema import giants
from rtstore.schema.giant_names import mentioned, origins
from rtstore.schema.giants import Beside

SHA, SPILL = "a" * 64, "b" * 32 + ".12"


def test_all_that_makes_a_notebook_whole_is_mentioned_and_more() -> None:
    beside = Beside("/base/", "doc")
    outputs = giants.small(
        [
            {"output_type": "display_data", "data": {"image/png": "A" * 2**21}, "metadata": {}},
            {"output_type": "stream", "name": "stdout", "text": "long\n" * 100_000},
        ],
        beside,
    )
    outputs.append(giants.rest("stdout", 5, beside, spill=SPILL))
    names = giants.names(outputs)
    assert len(names) == 3
    assert mentioned({"cells": [{"outputs": outputs}]}) == names
    assert origins({"cells": [{"outputs": outputs}]}) == dict.fromkeys(names, "doc")


def test_a_link_without_its_mark_and_a_mark_without_its_link_count() -> None:
    for one in (
        f"see /rtstore/blob/doc/{SHA}?type=image/png",
        f"<img src='x/rtstore/blob/d/{SHA}'>",
        f"it is at rtstore/blob/doc/{SHA}.",
        {f"rtstore/blob/doc/{SHA}": 1},
        {"rtstore": {"rest": {"sha": SHA, "form": "unknown"}}},
        {"kept": {"sha": SHA}},
    ):
        assert mentioned([{"source": one}]) == {SHA}
    assert mentioned(f"/rtstore/blob/doc/{SPILL}, and so on") == {SPILL}


def test_content_of_any_form_and_depth_is_looked_through() -> None:
    deep: object = f"/rtstore/blob/doc/{SHA}"
    for _ in range(10_000):
        deep = [deep]
    assert mentioned(None, 1.5, b"rtstore/blob/doc/x", {"sha": 7, "spill": None}, deep) == {SHA}
