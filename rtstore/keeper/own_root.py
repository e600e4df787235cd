"""OwnRoot: which documents are of the contents root that this worker can reach.

All roots of a store share one list of documents in use. To take the lease of a foreign one, if
only to see what it is, would keep it from the worker that can save it.
"""

from __future__ import annotations

from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link

KNOWN_MAX = 10_000
"""Documents whose root is remembered; beyond it the oldest is asked for again."""


class OwnRoot:
    """See the module. A document never changes its root."""

    def __init__(self, link: Link, keys: Keys, contents_id: str) -> None:
        self._link, self._keys, self._contents_id = link, keys, contents_id
        self._known: dict[str, bool] = {}

    def is_foreign(self, document_id: str) -> bool:
        """Whether it is known to be of another root; asks nobody."""
        return self._known.get(document_id) is False

    async def has(self, document_id: str) -> bool:
        """Whether it is of this root; one command for a document that is new here."""
        if (known := self._known.get(document_id)) is not None:
            return known
        told = await self._link.command("HGET", self._keys.document(document_id).meta, "server")
        if not told:
            return False  # nobody has opened it yet
        if len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[document_id] = told.decode() == self._contents_id
        return self._known[document_id]
