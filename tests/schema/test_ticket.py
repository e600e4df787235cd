"""Tickets as they go from the Jupyter server to a worker."""

from __future__ import annotations

import pytest

from rtstore.schema.ticket import Ticket


@pytest.mark.parametrize(
    "ticket", [Ticket("ax1", 1732700000000, "ax1"), Ticket("ax2", 7, "ax1", of=12, before="ax0")]
)
def test_a_ticket_is_read_as_it_was_written(ticket: Ticket) -> None:
    assert Ticket.of_header(ticket.as_header()) == ticket


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "7 ax1", "7 ax1 ax1", "x ax1 ax1 1", "7 ax1 ax1 1 ", "7 ax1 ax1 1 ax0 more"),
        *("7 AX ax 1", f"7 {'a' * 41} a 1", "\u0667 a a 1", "7 a a 1000", "7 a a -1", "7 a a x"),
    ],
)
def test_what_is_no_ticket_is_none(text: str) -> None:
    assert Ticket.of_header(text) is None


def test_a_ticket_that_nobody_gathered_is_a_lot_of_its_own() -> None:
    assert Ticket.of_header(Ticket("ax1", 7).as_header()) == Ticket("ax1", 7, "ax1")
