"""Squash: the same document in fewer and longer structs, as Yjs itself keeps it in memory.

Merging updates keeps a struct for each keystroke: 260,000 typed letters are 4.5 MB merged and
0.45 MB squashed, and open in 9 ms instead of 3 s. Nothing is garbage-collected: what was deleted
is kept, and history can show it.
"""

from __future__ import annotations

from typing import Any

from pycrdt import Doc

from rtstore.schema import updates


def squash(update: bytes) -> bytes:
    """The same content; `update` itself if part of it waits for causes that have not arrived.

    Holds the interpreter lock for about 10 µs for each struct of `update`.
    """
    claimed = updates.decode_state_vector(updates.state_vector(update))
    if updates.waits(update):
        return update
    doc: Doc[Any] = Doc(skip_gc=True)
    try:
        doc.apply_update(update)
        squashed = doc.get_update()
        is_whole = updates.decode_state_vector(doc.get_state()) == claimed and updates.covers(
            updates.deletes_of(squashed), updates.deletes_of(update)
        )
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # yrs panics on some updates that decode; they stay as they are
        return update
    return squashed if is_whole and len(squashed) < len(update) else update
