"""An authorizer for whom some users are readers: they may look at everything, and do nothing.

READERS names a file of words, which may change while the server runs: a username is a reader,
who may do one thing all the same where ``<username>/contents:write`` is there too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_server.auth.authorizer import Authorizer

READERS = Path(os.environ.get("READERS", "readers"))


class Readers(Authorizer):  # type: ignore[misc] # untyped
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        words = READERS.read_text().split() if READERS.exists() else []
        is_reader = user.username in words
        return not is_reader or action == "read" or f"{user.username}/{resource}:{action}" in words
