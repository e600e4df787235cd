"""People who edit one document at random, and all updates that this made."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment

CLIENTS = (1, 127, 128, 2**31, 2**32 - 1, 2**53 - 1)
WORDS = ("a", "hello ", "é", "日本", "😀", "x😀y\n", "")
VALUES: tuple[Any, ...] = (
    1, -5, 2**40, 1.5, 0.1, None, True, False, "s😀", b"\x00\xff", [1, [2.5]], {"a": {"b": None}},
)  # fmt: skip
seeds = st.integers(0, 2**32)


class Author:
    """Somebody who edits at random, and every update that made."""

    def __init__(self, client: int, chance: random.Random) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self.made: list[bytes] = []
        self._chance = chance
        self.text = self.doc.get("text", type=Text)
        self._rich = self.doc.get("rich", type=Text)
        self._map = self.doc.get("map", type=Map)
        self._array = self.doc.get("array", type=Array)
        self._xml = self.doc.get("xml", type=XmlFragment)
        self._observing = self.doc.observe(lambda event: self.made.append(event.update))

    def edit(self, times: int) -> None:
        actions: list[Callable[[], None]] = [
            self._type, self._type, self._erase, self._bold, self._embed, self._set, self._unset,
            self._push, self._pop, self._nest, self._tag,
        ]  # fmt: skip
        for _ in range(times):
            self._chance.choice(actions)()

    def _at(self) -> int:
        """A place between two characters; pycrdt counts bytes."""
        text = str(self.text)
        return len(text[: self._chance.randint(0, len(text))].encode())

    def _type(self) -> None:
        self.text.insert(self._at(), self._chance.choice(WORDS))

    def _erase(self) -> None:
        first, last = sorted((self._at(), self._at()))
        if first < last:
            del self.text[first:last]

    def _bold(self) -> None:
        first, last = sorted((self._at(), self._at()))
        if first < last:
            self.text.format(first, last, {"note": "é"})

    def _embed(self) -> None:
        self._rich.insert_embed(0, {"image": "x"})

    def _set(self) -> None:
        self._map[self._chance.choice("xyz")] = self._chance.choice(VALUES)

    def _unset(self) -> None:
        for key in sorted(self._map.keys())[:1]:
            del self._map[key]

    def _push(self) -> None:
        self._array.append(self._chance.choice((*VALUES, Text("n😀"), Map({"k": Array([1])}))))

    def _pop(self) -> None:
        if len(self._array):
            del self._array[self._chance.randrange(len(self._array))]

    def _nest(self) -> None:
        self._map["cell"] = Map({"source": Text("abc"), "outputs": Array([{"a": 1}])})

    def _tag(self) -> None:
        self._xml.children.append(XmlElement("p", {"class": "é"}))

    def hear(self, other: Author) -> None:
        self.doc.apply_update(other.doc.get_update(self.doc.get_state()))


def authors(seed: int, *, edits: int = 12) -> list[Author]:
    """Two who edit one document and hear of each other now and then."""
    chance = random.Random(seed)
    pair = [Author(client, chance) for client in chance.sample(CLIENTS, 2)]
    for _ in range(3):
        for author, other in (pair, pair[::-1]):
            author.edit(chance.randint(0, edits))
            if chance.random() < 0.6:
                author.hear(other)
    return pair


def content(doc: Doc[Any]) -> tuple[object, ...]:
    return (
        doc.get("text", type=Text).diff(),
        doc.get("rich", type=Text).diff(),
        doc.get("map", type=Map).to_py(),
        doc.get("array", type=Array).to_py(),
        str(doc.get("xml", type=XmlFragment)),
    )


def made_of(*told: bytes) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    for update in told:
        doc.apply_update(update)
    return doc
