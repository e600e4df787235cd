from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtstore.schema import giants
from rtstore.schema.cell_outputs import CellOutputs
from rtstore.schema.giants import Beside


def beside() -> Beside:
    return Beside("/base/", "doc", "kernel")


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def display(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {"mine": 1}}


LARGE = "x" * 99 + "\n"
OUTPUT = st.one_of(
    st.sampled_from([LARGE * 20_000, "short\n", ""]).map(stream),
    st.sampled_from(["y" * 2_000_000, "small"]).map(lambda text: display(**{"text/plain": text})),
    st.just(display(**{"application/json": {"a": ["z" * 1_500_000, None]}, "text/plain": "j"})),
    st.just({"output_type": "error", "ename": "E", "evalue": "", "traceback": ["t"]}),
)


@given(st.lists(OUTPUT, max_size=5))
def test_a_file_gets_back_all_that_its_document_keeps_beside(
    outputs: list[dict[str, Any]],
) -> None:
    kept = beside()
    small = giants.small(outputs, kept)
    assert len(json.dumps(small)) < 12_000_000
    assert giants.names(small) <= kept.blobs.keys()
    assert giants.whole(small, kept.blobs) == outputs


def test_what_is_not_stored_any_more_stays_a_link() -> None:
    small = giants.small([display(**{"text/html": "<b>" * 500_000})], beside())
    assert giants.whole(small, {}) == small
    assert "/base/rtstore/blob/doc/" in small[0]["data"]["text/html"]


def test_a_stream_spills_and_comes_back_whole() -> None:
    state, kept = CellOutputs("run"), beside()
    outputs: list[dict[str, Any]] = []
    texts = [f"{number}\n" * 1000 for number in range(1000)]
    spilled: dict[str, str] = {}
    changes = 0
    for text in texts:
        before = json.dumps(outputs[-1:])
        state.add(outputs, stream(text), kept)
        changes += before != json.dumps(outputs[-1:]) and len(outputs) > 1
        for name, more in kept.spills.items():
            spilled[name] = spilled.get(name, "") + more
        kept.spills.clear()
        state = CellOutputs.of_json(state.as_json())  # another keeper goes on
    state.settle(outputs, kept)
    assert [one["output_type"] for one in outputs] == ["stream", "display_data"]
    assert changes < 40  # the link does not grow with each message
    assert giants.whole(outputs, spilled) == [stream("".join(texts))]


def test_a_stream_that_never_ends_fills_its_spill_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(giants, "SPILL_CHARS_MAX", 1_000_000)
    state, kept = CellOutputs("run"), beside()
    outputs: list[dict[str, Any]] = []
    for _ in range(40):
        state.add(outputs, stream(LARGE * 1000), kept)
        state = CellOutputs.of_json(state.as_json())
        if state.cut:
            assert "too much to keep" in outputs[-1]["data"]["text/html"]  # from the first on
    state.settle(outputs, kept)
    assert [len(text) for text in kept.spills.values()] == [1_000_000]
    told = giants.mark(outputs[-1], "rest")
    assert len(outputs[0]["text"]) + told["chars"] + told["cut"] == 4_000_000
    text = giants.whole(outputs, kept.spills)[0]["text"]
    assert text.endswith("\n[rtstore: 2.9 MB more were too much to keep]\n")


def test_what_comes_after_a_clearing_is_not_added_to_what_was_cleared() -> None:
    state, kept = CellOutputs("run"), beside()
    outputs: list[dict[str, Any]] = []
    state.add(outputs, stream(LARGE * 20_000), kept)
    state.clear(outputs)
    state = CellOutputs.of_json(state.as_json())
    state.add(outputs, stream("new\n" * 500_000), kept)
    assert giants.whole(outputs, kept.spills) == [stream("new\n" * 500_000)]


def test_after_a_spill_another_output_comes_behind_it() -> None:
    state, kept = CellOutputs("run"), beside()
    outputs: list[dict[str, Any]] = []
    state.add(outputs, stream(LARGE * 20_000), kept)
    state.add(outputs, stream("err\n", "stderr"), kept)
    state.add(outputs, stream("out\n"), kept)
    assert [one.get("name") for one in outputs] == ["stdout", None, "stderr", "stdout"]
    whole = giants.whole(outputs, kept.spills)
    assert [one["text"] for one in whole] == [LARGE * 20_000, "err\n", "out\n"]


def test_more_outputs_than_a_page_can_show_are_counted() -> None:
    state, kept = CellOutputs("run"), beside()
    outputs: list[dict[str, Any]] = []
    for number in range(giants.OUTPUTS_MAX + 500):
        state.add(outputs, display(**{"text/plain": str(number)}), kept)
    state.settle(outputs, kept)
    assert len(outputs) == giants.OUTPUTS_MAX + 1
    assert outputs[-1]["data"]["text/plain"].startswith("500 more outputs are not shown")
    assert "/base/rtstore/runs/kernel/run" in outputs[-1]["data"]["text/html"]


def test_many_middling_images_do_not_fill_a_document() -> None:
    state, kept = CellOutputs("run"), beside()
    outputs: list[dict[str, Any]] = []
    for number in range(100):
        state.add(outputs, display(**{"image/png": f"{number:03}" + "A" * 500_000}), kept)
    assert sum(giants.size(output) for output in outputs) < giants.CELL_CHARS_MAX + 1_000_000
    whole = giants.whole(outputs, kept.blobs)
    assert [one["data"]["image/png"][:3] for one in whole] == [f"{n:03}" for n in range(100)]


@given(
    st.dictionaries(
        st.sampled_from(["kept", "rest", "left_out", "small"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner)
            ),
            max_leaves=5,
        ),
    )
)
def test_whatever_stands_in_our_place_is_borne(told: dict[str, Any]) -> None:
    output = {"output_type": "display_data", "data": {}, "metadata": {"rtstore": told}}
    names = giants.names([output])
    assert giants.whole([output], dict.fromkeys(names, "{")) == [output] or names
