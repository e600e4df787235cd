"""Which blobs and spills a content may need, whoever wrote it and whatever form it has.

`giants.names` says what a file is made whole with. This says what must not be deleted, and takes
more for a reference: a mark of any form, and a link anywhere, as in the text of a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_LINK = re.compile(r"rtstore/blob/([^/\s\"'<>\\]+)/([\w.-]+)")
_PATH = "rtstore/blob/"
_MARKS = ("sha", "spill")


def mentioned(*contents: Any) -> set[str]:  # noqa: ANN401 -- of documents, by kind
    """Names of all that any of these contents may refer to. Costs a look at each text."""
    return {name for _, name in _references(contents)}


def origins(*contents: Any) -> dict[str, str]:  # noqa: ANN401 -- of documents, by kind
    """Name → the document beside which it is kept, by the links in these contents."""
    return {name: document for document, name in _references(contents) if document}


def _references(contents: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(document, name) of each link; ('', name) of each mark."""
    left = list(contents)
    while left:  # no recursion: what a browser put in may be nested as deep as it likes
        one = left.pop()
        if isinstance(one, str):
            if _PATH in one:
                yield from ((link[1], link[2].rstrip(".")) for link in _LINK.finditer(one))
        elif isinstance(one, dict):
            yield from (("", name) for mark in _MARKS if isinstance(name := one.get(mark), str))
            left += one.values()
            left += [key for key in one if isinstance(key, str) and _PATH in key]
        elif isinstance(one, list | tuple):
            left += one
