from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtstore.schema.terminal_text import write


def slowly(text: str, at: int, new: str) -> tuple[str, int]:
    """The same, a character at a time, over the whole text."""
    for char in new:
        if char == "\n":
            text, at = text + "\n", len(text) + 1
        elif char == "\r":
            at = text.rfind("\n", 0, at) + 1
        elif char == "\b":
            if at > 0 and text[at - 1] != "\n":
                text, at = text[: at - 1] + text[at + 1 :], at - 1
        else:
            text, at = text[:at] + char + text[at + 1 :], at + 1
    return text, at


@given(st.lists(st.text("ab\n\r\b")))
def test_the_quick_way_writes_what_the_slow_one_does(texts: list[str]) -> None:
    quick: tuple[str, int] = ("", 0)
    slow: tuple[str, int] = ("", 0)
    for text in texts:
        quick, slow = write(*quick, text), slowly(*slow, text)
        assert quick == slow


def test_a_carriage_return_overwrites_and_leaves_the_rest() -> None:
    assert write("", 0, "123456\rab")[0] == "ab3456"
