"""JSON values as both files and Yjs hold them: what counts as equal, and one spelling of each.

JavaScript has one kind of number, so a whole float is the int, and an int that a double can't
hold is the nearest one that it can; NaN and infinity are null. Booleans are no numbers.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from rtstore.errors import BadDocument

SAFE_INT_MAX = 2**53
"""Above this a double skips ints."""


def plain(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """A deep copy made of plain dicts and lists, numbers in their one spelling.

    Raises BadDocument on what JSON, UTF-8 or a double can't hold.
    """
    try:
        return _plain(value)
    except UnicodeEncodeError as error:
        raise BadDocument("holds half of a surrogate pair, which UTF-8 can't store") from error
    except OverflowError as error:
        raise BadDocument("holds a number too large for JSON readers (over 1.8e308)") from error
    except RecursionError as error:
        raise BadDocument("is nested too deeply") from error


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 -- one for each kind of JSON value
    match value:
        case None | bool():
            return value
        case str():
            value.encode()
            return str(value)
        case int():
            return value if abs(value) <= SAFE_INT_MAX else int(float(value))
        case float():
            # JSON knows no NaN and no infinity: browsers make null of them, and jupyter_ydoc's
            # `get` fails on them. Python writes them into files all the same (plots have them).
            if not isfinite(value):
                return None
            return int(value) if value.is_integer() else value
        case dict():
            return {_key(key): _plain(held) for key, held in value.items()}
        case list() | tuple():
            return [_plain(held) for held in value]
        case _:
            raise BadDocument(f"holds a {type(value).__name__}, which is no JSON value")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise BadDocument(f"holds the key {key!r}, which is no string")
    key.encode()
    return str(key)


def shared(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """`value` as Yjs can store it. Raises BadDocument, where pycrdt would panic."""
    return _as_doubles(plain(value))


def _as_doubles(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    match value:
        case dict():
            return {key: _as_doubles(held) for key, held in value.items()}
        case list():
            return [_as_doubles(held) for held in value]
        # pycrdt panics (past `except Exception`) on an int over 64 bits; the rest it converts.
        case int() if abs(value) > SAFE_INT_MAX:
            return float(value)
        case _:
            return value


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 -- any JSON values
    """Whether both are the same JSON value, order of keys aside. Both are `plain`, or Yjs's."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def canonical(value: Any) -> bytes:  # noqa: ANN401 -- any JSON value
    """One spelling for all values that are the `same`. Raises BadDocument on what is no JSON."""
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()
