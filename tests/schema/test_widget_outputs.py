from __future__ import annotations

from rtstore.schema import widget_outputs
from rtstore.schema.widget_outputs import OUTPUTS_MAX, WidgetOutputs


def say(model: WidgetOutputs, text: str, name: str = "stdout") -> None:
    model.take("stream", {"name": name, "text": text})


def texts(model: WidgetOutputs) -> list[str]:
    return [str(output.get("text", output["output_type"])) for output in model.outputs]


def test_text_of_one_stream_is_one_output_as_a_terminal_shows_it() -> None:
    model = WidgetOutputs()
    for text in ("1%", "\r50%", "\r100%\n", "done"):
        say(model, text)
    say(model, "oh", "stderr")
    say(model, "!")
    assert texts(model) == ["100%\ndone", "oh", "!"]
    assert not model.is_told


def test_clearing_may_wait_for_what_comes_next() -> None:
    model = WidgetOutputs()
    say(model, "a")
    model.take("clear_output", {"wait": True})
    assert texts(model) == ["a"]
    again = WidgetOutputs.of_json(model.as_json())
    again.take("display_data", {"data": {"text/plain": "x"}, "metadata": {}, "transient": {}})
    assert again.outputs == [
        {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}
    ]
    again.take("clear_output", {"wait": False})
    assert again.outputs == []


def test_what_the_kernel_says_replaces_all() -> None:
    model = WidgetOutputs()
    say(model, "a")
    told = [
        {"output_type": "stream", "name": "stdout", "text": text} for text in ("b", ["c", "d"])
    ]
    model.replace([*told, 7, {}])
    assert texts(model) == ["bcd"]
    assert model.is_told
    say(model, "e")
    assert texts(model) == ["bcde"]


def test_a_widget_does_not_grow_for_ever() -> None:
    model = WidgetOutputs()
    for _ in range(OUTPUTS_MAX + 5):
        model.take("display_data", {"data": {"text/plain": "x"}, "metadata": {}})
    assert len(model.outputs) == OUTPUTS_MAX + 1
    assert model.outputs[-1]["text"].endswith("left out: 5]\n")
    model.take("clear_output", {})
    say(model, "x" * (widget_outputs.CHARS_MAX + 1))
    assert len(texts(model)[0]) < 100
    assert model.left_out == 1
