from __future__ import annotations

from typing import Any

from rtstore.schema.captures import Captures


def update(comm: str, **state: Any) -> dict[str, Any]:
    return {"comm_id": comm, "data": {"method": "update", "state": state, "buffer_paths": []}}


def test_the_widget_entered_last_takes() -> None:
    captures = Captures()
    assert captures.by("r") == ""
    captures.take("comm_msg", update("a", msg_id="r"))
    captures.take("comm_msg", update("b", msg_id="r"))
    assert captures.by("r") == "b"
    assert captures.by("other") == ""
    captures.take("comm_msg", update("b", msg_id=""))
    assert captures.by("r") == "a"
    captures.take("comm_msg", update("a", msg_id=None))
    assert captures.as_json() == {}


def test_who_leaves_out_of_order_takes_no_other_with_it() -> None:
    captures = Captures()
    captures.take("comm_msg", update("a", msg_id="r"))
    captures.take("comm_msg", update("b", msg_id="r"))
    captures.take("comm_msg", update("a", msg_id=""))
    assert captures.by("r") == "b"
    captures.take("comm_close", {"comm_id": "b", "data": {}})
    assert captures.by("r") == ""


def test_a_state_told_again_changes_nothing() -> None:
    captures = Captures()
    captures.take("comm_msg", update("a", msg_id="r", outputs=[]))
    captures.take("comm_msg", update("b", msg_id="r"))
    captures.take("comm_msg", update("a", msg_id="r", outputs=[]))  # a page joined, and asked
    assert captures.by("r") == "b"
    captures.take("comm_msg", update("b", value=3))
    assert captures.by("r") == "b"


def test_another_keeper_knows_the_same() -> None:
    captures = Captures()
    captures.take("comm_msg", update("a", msg_id="r"))
    captures.take("comm_msg", update("b", msg_id="r"))
    assert Captures(captures.as_json()).by("r") == "b"


def test_what_is_no_widgets_message_changes_nothing() -> None:
    captures = Captures()
    for data in (None, 7, "msg_id", [1], {"method": "custom"}, {"method": "update", "state": 1}):
        captures.take("comm_msg", {"comm_id": "a", "data": data})
    captures.take(
        "comm_msg", {"comm_id": "a", "data": {"method": "update", "state": {"msg_id": 7}}}
    )
    captures.take("comm_close", {})
    assert captures.as_json() == {}
