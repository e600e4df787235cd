"""Tickets as they go from the Jupyter server to a worker."""

from __future__ import annotations

import pytest

from rtstore.schema.ticket import Ticket


@pytest.mark.parametrize("ticket", [Ticket("ax1", 1732700000000), Ticket("ax2", 7, "ax1")])
def test_a_ticket_is_read_as_it_was_written(ticket: Ticket) -> None:
    assert Ticket.of_header(ticket.as_header()) == ticket


@pytest.mark.parametrize(
    "text",
    ["", "7", "7 ", "x ax1", "7 ax1 ", "7 ax1 ax0 more", "7 AX", f"7 {'a' * 41}", "\u0667 a"],
)
def test_what_is_no_ticket_is_none(text: str) -> None:
    assert Ticket.of_header(text) is None
