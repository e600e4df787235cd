"""Awareness updates without a Doc: parse, stamp, encode.

Source: y-protocols ``awareness.js``: ``n, n times (client id, clock, JSON)``; JSON ``null`` means
gone. A receiver takes a state whose clock is newer, or a null at the same clock.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from rtstore.errors import BadFrame, TooBig
from rtstore.schema.varint import read_text, read_uint, write_bytes, write_uint

STATE_BYTES_MAX = 2**16
"""One client's state; a cursor is about 300 bytes, a list of open files a few kB."""
UPDATE_BYTES_MAX = 2**20
"""One message. What is published is kept for each worker until it took it, and Redis ends a
subscriber for which it keeps more than 32 MB (client-output-buffer-limit)."""
_LOOKS = ("color", "initials")
CLIENTS_MAX = 1000
"""States in one update; a browser echoes all that it knows when it comes back."""
NUMBER_MAX = 2**53 - 1
"""Of client ids and clocks: browsers can't read larger ones."""


@dataclass(frozen=True, slots=True)
class ClientState:
    """What one Yjs client says of itself. `state` None: it is gone."""

    client: int
    clock: int
    state: dict[str, Any] | None

    def gone(self) -> ClientState:
        """The same clock, null: receivers drop it, and accept its next renewal."""
        return replace(self, state=None)

    def stamped(self, user: dict[str, Any]) -> ClientState:
        """With the server's word for who this is.

        Colour and initials are the browser's where the server has none: JupyterLab picks them
        and keeps them over reloads.
        """
        if self.state is None:
            return self
        said = self.state.get("user")
        looks = {k: v for k, v in said.items() if k in _LOOKS} if isinstance(said, dict) else {}
        told = {k: v for k, v in user.items() if v is not None or k not in looks}
        return replace(self, state={**self.state, "user": {**looks, **told}})


def decode(update: bytes, *, is_ours: bool = False) -> list[ClientState]:
    """Raises BadFrame on anything but a whole awareness update, TooBig over the bounds.

    `is_ours`: of a worker, which bounded each part of it, then stamped it or put many together.
    """
    if len(update) > UPDATE_BYTES_MAX and not is_ours:
        raise TooBig(f"awareness update of {len(update)} bytes, at most {UPDATE_BYTES_MAX}")
    count, at = read_uint(update, 0)
    if count > CLIENTS_MAX and not is_ours:
        raise TooBig(f"{count} awareness states in one message, at most {CLIENTS_MAX}")
    states = []
    for _ in range(count):
        client, at = read_uint(update, at)
        clock, at = read_uint(update, at)
        if client > NUMBER_MAX or clock > NUMBER_MAX:
            raise BadFrame(f"awareness of client {client} at clock {clock}")
        start = at
        text, at = read_text(update, at)
        if at - start > STATE_BYTES_MAX and not is_ours:
            raise TooBig(f"awareness state of {at - start} bytes, at most {STATE_BYTES_MAX}")
        states.append(ClientState(client, clock, _state(text)))
    if at != len(update):
        raise BadFrame(f"{len(update) - at} bytes behind the awareness update")
    return states


def _state(text: str) -> dict[str, Any] | None:
    try:
        state = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BadFrame("awareness state is not JSON") from error
    if state is not None and not isinstance(state, dict):
        raise BadFrame("awareness state is neither an object nor null")
    return state


def _no_number(name: str) -> None:
    """NaN and Infinity: Python reads and writes them, browsers break on them."""
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else sys.float_info.max


def encode(states: Iterable[ClientState]) -> bytes:
    """The awareness update that says `states`."""
    told = list(states)
    out = bytearray(write_uint(len(told)))
    for one in told:
        out += write_uint(one.client)
        out += write_uint(one.clock)
        text = json.dumps(one.state, ensure_ascii=False, separators=(",", ":"))
        out += write_bytes(text.encode("utf-8", "replace"))
    return bytes(out)
