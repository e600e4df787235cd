"""What the ids of a kernel's messages tell of those that did not come."""

from __future__ import annotations

from rtstore.kernel_bridge.numbers import Numbers
from rtstore.schema.kernel_message import KernelMessage


def said(
    number: int,
    kind: str = "stream",
    *,
    parent: str = "run",
    state: str = "",
    asked: str = "execute",
) -> KernelMessage:
    content = {"execution_state": state} if state else {}
    return KernelMessage(
        kind, f"s-1_77_{number}", "s-1", parent, "", {}, content, 0, "", f"{asked}_request", "us"
    )


def hear(numbers: Numbers, *messages: KernelMessage) -> int:
    for message in messages:
        is_reply = message.msg_type.endswith("_reply")
        numbers.heard(message, channel="shell" if is_reply else "iopub")
    return numbers.lost


def test_what_is_skipped_is_lost_and_what_comes_late_is_not() -> None:
    numbers = Numbers()
    assert hear(numbers, said(5), said(6)) == 0
    assert hear(numbers, said(9)) == 2
    assert hear(numbers, said(8)) == 1
    numbers.settle()
    assert hear(numbers, said(10)) == 0


def test_a_reply_that_others_got_is_not_lost() -> None:
    numbers = Numbers()
    busy = said(2, "status", parent="theirs", state="busy", asked="complete")
    idle = said(4, "status", parent="theirs", state="idle", asked="complete")
    assert hear(numbers, said(1), busy, idle) == 0


def test_who_shut_a_kernel_down_got_a_reply_though_it_is_never_idle_again() -> None:
    numbers = Numbers()
    busy = said(2, "status", parent="theirs", state="busy", asked="shutdown")
    told = said(4, "shutdown_reply", parent="theirs", asked="shutdown")  # 3 was theirs alone
    assert hear(numbers, said(1), busy) == 0
    numbers.heard(told, channel="iopub")
    assert numbers.lost == 0
    assert hear(numbers, said(6)) == 1


def test_a_widgets_message_gets_no_reply() -> None:
    numbers = Numbers()
    idle = said(3, "status", state="idle")
    idle = KernelMessage("status", "s-1_77_3", "s-1", "w", "", {}, idle.content, 0, "", "comm_msg")
    assert hear(numbers, said(1), idle) == 1


def test_a_reply_of_ours_may_come_sooner_or_later_than_what_was_said_before() -> None:
    for order in ((2, 3, 4, 5), (4, 2, 3, 5), (2, 3, 5, 4)):
        numbers = Numbers()
        hear(numbers, said(1))
        told = {
            2: said(2),
            3: said(3),
            4: said(4, "execute_reply"),
            5: said(5, "status", state="idle"),
        }
        lost = [hear(numbers, told[number]) for number in order]
        assert lost[-1] == 0, order
        assert hear(numbers, said(7)) == 1, order


def test_who_takes_over_goes_on_with_what_was_heard() -> None:
    numbers = Numbers()
    told = [("iopub", "s-1_77_3"), ("reply", "s-1_77_5"), ("iopub", "s-1_77_4"), ("run", "")]
    numbers.recall(told)
    assert numbers.follows("s-1_77_9")
    assert not numbers.follows("other_1_9")
    assert hear(numbers, said(6)) == 0
    assert hear(numbers, said(8)) == 1


def test_ids_that_count_nothing_tell_nothing() -> None:
    numbers = Numbers()
    told = KernelMessage("stream", "d3b0-7", "s", "run", "", {}, {}, 0, "")
    assert not numbers.heard(told, channel="iopub")
    assert not numbers.follows(told.msg_id)
    assert numbers.lost == 0
