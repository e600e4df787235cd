"""AppDocument: a document of an application's own shape, without a file.

Its roots are the application's; a JSON Schema may say what they are. The root map ``state`` is
the server's, as in all documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from jupyter_ydoc.ybasedoc import YBaseDoc

from rtstore.errors import BadDocument

APP = "app"
"""Its kind, and its format."""
PREFIX = "app."
"""Of document ids."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def document_id(name: str) -> str:
    """The document id of an application's document. Raises BadDocument."""
    if not _NAME.fullmatch(name):
        raise BadDocument(
            f"{name[:80]!r} is no name of an app document: letters, digits, _ . and -, 100 at most"
        )
    return PREFIX + name


def is_app(document: str) -> bool:
    """Whether a document id is of an application's document."""
    return document.startswith(PREFIX)


def path_of(document: str) -> str:
    """What stands in the place of a path: ``app:<name>``."""
    return f"app:{document.removeprefix(PREFIX)}"


class AppDocument(YBaseDoc):  # type: ignore[misc] # untyped
    """What the keeper needs of it."""

    @property
    def version(self) -> str:
        """Jupyter's: of the document's shape."""
        return "1.0.0"

    def get(self) -> dict[str, Any]:
        """Nothing: without a schema nobody knows what its roots are."""
        return {}

    def set(self, value: dict[str, Any]) -> None:
        """Nothing: there is no file."""

    def observe(self, callback: Callable[[str, Any], None]) -> None:
        """Call with each change."""
        self.unobserve()
        self._subscriptions[self._ystate] = self._ystate.observe(partial(callback, "state"))
