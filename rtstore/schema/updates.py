"""Yjs updates (v1 encoding) as bytes: look into them, merge them, cut them.

Source: yjs ``encoding.js`` and ``structs/Item.js``. Never merges through a Doc: `get_update` of
a Doc drops structs and deletes whose causes have not arrived, `merge_updates` keeps them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from pycrdt import get_state, get_update, merge_updates

from rtstore.errors import BadFrame, TooBig
from rtstore.schema.frames import EMPTY_STATE_VECTOR, NOTHING
from rtstore.schema.varint import read_bytes, read_text, read_uint, write_uint

SCAN_BYTES_MAX = 2**16
"""Above this an update is for a thread to look through: a scan takes about 40 ns a byte, and 1 s
for 2**20 structs of the smallest kind."""
PARTS_MAX = 500_000
"""Structs and deleted ranges that one update of a browser may have. Browsers join what was typed
in one go, so a long document has some 10,000; a Doc takes 10 µs and 200 bytes for each."""
MERGE_AT_ONCE = 150
"""`merge_updates` is quadratic in the number of updates: 20,000 at once take 3.5 s; 260,000 in
blocks of this size take 0.5 s, in blocks of 1,000 1.3 s."""

CLOCK_MAX = 2**31
"""No client counts further: yrs keeps clocks in 32 bits and breaks on overflow."""
CLIENT_MAX = 2**53 - 1
"""No client is called more: browsers can't read it, and yrs takes it for another one."""

Ranges = dict[int, list[tuple[int, int]]]
"""Client id → [(clock, length)]."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What an update says, without its content."""

    clients: tuple[tuple[int, int, int], ...]
    """(client id, first clock, clock after the last) of each run of structs."""
    deletes: Ranges
    """What it deletes."""

    @property
    def is_nothing(self) -> bool:
        """Whether applying it can change nothing."""
        return not self.clients and not self.deletes


def scan(update: bytes, *, parts_max: float = math.inf) -> Scan:
    """Decode the whole update. Raises BadFrame on anything that is not one, to the last byte;
    TooBig if it has more than `parts_max` structs and deleted ranges.
    """
    left = parts_max
    try:
        groups, at = read_uint(update, 0)
        clients = []
        for _ in range(groups):
            count, at = read_uint(update, at)
            left = _counted(update, count, left)
            client, at = read_uint(update, at)
            first, at = read_uint(update, at)
            clock = first
            for _ in range(count):
                length, at = struct_end(update, at)
                clock += length
            if clock > CLOCK_MAX or client > CLIENT_MAX:
                raise BadFrame(f"client {client} counts to {clock}, at most {CLOCK_MAX}")
            clients.append((client, first, clock))
        deletes, at = _delete_set(update, at, left)
    except IndexError as error:
        raise BadFrame("update is cut short") from error
    if at != len(update):
        raise BadFrame(f"{len(update) - at} bytes behind the update")
    return Scan(tuple(clients), deletes)


def _counted(data: bytes, count: int, left: float) -> float:
    """How many more parts there may be after `count` of them."""
    if count > len(data):
        raise BadFrame("update is cut short")
    left -= count + 1  # an empty group costs as well
    if left < 0:
        raise TooBig("an update of too many parts")
    return left


def check(update: bytes) -> Scan:
    """What a browser's update says. Raises BadFrame unless it decodes completely, TooBig.

    Larger ones than SCAN_BYTES_MAX take long: call it in a thread. The Rust decoder has the last
    word: it also looks into the JSON of formats and embeds.
    """
    found = scan(update, parts_max=PARTS_MAX)
    state_vector(update)
    return found


def state_vector(update: bytes) -> bytes:
    """The state vector (encoded) of a document made of `update`. Raises BadFrame."""
    try:
        return get_state(update)
    except Exception as error:
        raise BadFrame(f"not a Yjs update: {error}") from error


def diff(update: bytes, since: bytes) -> bytes:
    """The part of `update` that a peer with state vector `since` lacks. Raises BadFrame."""
    if since == EMPTY_STATE_VECTOR:
        return update
    decode_state_vector(since)  # yrs takes the memory for as many clients as `since` claims
    try:
        return get_update(update, since)
    except Exception as error:
        raise BadFrame(f"not a state vector: {error}") from error


def merge(updates: Iterable[bytes]) -> bytes:
    """One update that says all of `updates`; order does not matter, pending parts are kept."""
    todo = [one for one in updates if one != NOTHING]
    while len(todo) > 1:
        todo = [
            _merge_block(todo[i : i + MERGE_AT_ONCE]) for i in range(0, len(todo), MERGE_AT_ONCE)
        ]
    return todo[0] if todo else NOTHING


def _merge_block(block: Sequence[bytes]) -> bytes:
    return block[0] if len(block) == 1 else merge_updates(*block)


def deletes_of(update: bytes) -> Ranges:
    """All that a document made of `update` has deleted."""
    rest = get_update(update, get_state(update))
    groups, at = read_uint(rest, 0)
    if groups:  # structs whose causes are missing: look at everything
        return scan(update).deletes
    return _delete_set(rest, at)[0]


def waits(update: bytes) -> bool:
    """Whether structs in it come after others of their client that it does not have."""
    return read_uint(get_update(update, get_state(update)), 0)[0] > 0


def covers(known: Ranges, told: Ranges) -> bool:
    """Whether every range of `told` lies within `known`."""
    for client, ranges in told.items():
        have = _joined(known.get(client, ()))
        for clock, length in ranges:
            before = bisect_right(have, clock, key=itemgetter(0)) - 1
            if before < 0 or clock + length > have[before][1]:
                return False
    return True


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for clock, length in sorted(ranges):
        if out and clock <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], clock + length))
        else:
            out.append((clock, clock + length))
    return out


def decode_state_vector(state: bytes) -> dict[int, int]:
    """Client id → next clock. Raises BadFrame."""
    count, at = read_uint(state, 0)
    out = {}
    for _ in range(count):
        client, at = read_uint(state, at)
        clock, at = read_uint(state, at)
        if clock > CLOCK_MAX or client > CLIENT_MAX:
            raise BadFrame(f"clock {clock} of client {client} in the state vector")
        out[client] = clock
    if at != len(state):
        raise BadFrame(f"{len(state) - at} bytes behind the state vector")
    return out


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The other way round; clocks of 0 say nothing, and are left out."""
    told = {client: clock for client, clock in clocks.items() if clock}
    pairs = (write_uint(client) + write_uint(clock) for client, clock in told.items())
    return write_uint(len(told)) + b"".join(pairs)


def _delete_set(data: bytes, at: int, left: float = math.inf) -> tuple[Ranges, int]:
    deletes: Ranges = {}
    clients, at = read_uint(data, at)
    for _ in range(clients):
        client, at = read_uint(data, at)
        count, at = read_uint(data, at)
        left = _counted(data, count, left)
        if client > CLIENT_MAX:
            raise BadFrame(f"deletes of client {client}")
        ranges = deletes.setdefault(client, [])
        for _ in range(count):
            clock, at = read_uint(data, at)
            length, at = read_uint(data, at)
            if clock + length > CLOCK_MAX:
                raise BadFrame(f"deletes to {clock + length} of client {client}")
            ranges.append((clock, length))
    return deletes, at


_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _DOC, _SKIP = range(11)
_NAMED_TYPES = frozenset((3, 5))
"""Type refs of XML element and hook: they carry a name."""


def struct_end(data: bytes, at: int) -> tuple[int, int]:
    """The length in clocks of the struct at `at`, and where it ends."""
    info = data[at]
    at += 1
    ref = info & 0x1F
    if ref in (_GC, _SKIP):
        return read_uint(data, at)
    for bit in (0x80, 0x40):  # left and right origin
        if info & bit:
            client, at = read_uint(data, at)
            clock, at = read_uint(data, at)
            if clock > CLOCK_MAX or client > CLIENT_MAX:
                raise BadFrame(f"a struct beside clock {clock} of client {client}")
    if not info & 0xC0:
        at = _parent(data, at, has_key=bool(info & 0x20))
    return _content(data, at, ref)


def _parent(data: bytes, at: int, *, has_key: bool) -> int:
    is_root, at = read_uint(data, at)
    if is_root == 1:
        _, at = read_bytes(data, at)
    else:
        client, at = read_uint(data, at)
        clock, at = read_uint(data, at)
        if clock > CLOCK_MAX or client > CLIENT_MAX:
            raise BadFrame(f"a struct within clock {clock} of client {client}")
    if has_key:
        _, at = read_bytes(data, at)
    return at


def _content(data: bytes, at: int, ref: int) -> tuple[int, int]:  # noqa: PLR0911 -- a table
    match ref:
        case 4:  # _STRING: clocks count UTF-16 units
            text, at = read_text(data, at)
            return (len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2), at
        case 1:  # _DELETED
            return read_uint(data, at)
        case 2 | 8:  # _JSON, _ANY
            count, at = read_uint(data, at)
            for _ in range(count):
                at = read_bytes(data, at)[1] if ref == _JSON else _any(data, at, 0)
            return count, at
        case 3 | 5:  # _BINARY, _EMBED
            return 1, read_bytes(data, at)[1]
        case 6:  # _FORMAT
            return 1, read_bytes(data, read_bytes(data, at)[1])[1]
        case 7:  # _TYPE
            kind, at = read_uint(data, at)
            return 1, read_bytes(data, at)[1] if kind in _NAMED_TYPES else at
        case 9:  # _DOC
            return 1, _any(data, read_bytes(data, at)[1], 0)
    raise BadFrame(f"unknown content {ref} in the update")


_ANY_SIZES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
"""lib0's Any: undefined, null, float32, float64, bigint, false, true."""
_DEPTH_MAX = 200


def _any(data: bytes, at: int, depth: int) -> int:
    """Where the Any value at `at` ends."""
    if depth > _DEPTH_MAX:
        raise BadFrame("a value in the update is nested too deeply")
    kind = data[at]
    at += 1
    if (size := _ANY_SIZES.get(kind)) is not None:
        if at + size > len(data):
            raise BadFrame("update is cut short")
        return at + size
    if kind == 125:  # signed varint: same shape as an unsigned one
        return read_uint(data, at)[1]
    if kind in (119, 116):  # string, binary
        return read_bytes(data, at)[1]
    if kind not in (118, 117):
        raise BadFrame(f"unknown value type {kind} in the update")
    count, at = read_uint(data, at)
    for _ in range(count):
        if kind == 118:
            at = read_bytes(data, at)[1]
        at = _any(data, at, depth + 1)
    return at
