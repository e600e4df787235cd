"""What maps and arrays of an application's document must do, with or without await."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Array, Map

from rtstore.errors import BadDocument


def behave(app: Any) -> None:
    """Maps and arrays of an App, with or without await."""
    items = app.array("items")
    items.extend([1, 2.5, "x", None, {"a": [True]}])
    items.insert(-100, 0)
    items.insert(100, "end")
    assert items.value == list(items) == [0, 1, 2.5, "x", None, {"a": [True]}, "end"]
    assert isinstance(items[1], int)
    assert (items[-1], items[1:3]) == ("end", [1, 2.5])
    items[0] = "first"
    del items[1:3]
    del items[-1]
    assert items.pop() == {"a": [True]}
    assert items.value == ["first", "x", None]
    for bad in (5, -4):
        with pytest.raises(IndexError):
            _ = items[bad]

    things = app.map("things")
    things.update(a=1, b=2)
    del things["a"]
    assert (dict(things), len(things), "a" in things) == ({"b": 2}, 1, False)
    assert things.get("none") is None
    things["nested"] = Map({"list": Array([1])})
    things["nested"]["list"].append(2)
    assert things.value == {"b": 2, "nested": {"list": [1, 2]}}
    things.text("words").append("hé")
    things["words"].insert(2, "llo")
    things["words"].delete(0, 1)
    assert str(things["words"]) == "éllo"
    things.array("more").append({"k": 1})
    assert things["more"][0] == {"k": 1}
    with pytest.raises((TypeError, BadDocument), match=r"stays where it is|SharedArray"):
        things["again"] = things["more"]
    things.clear()
    assert things.value == {}
