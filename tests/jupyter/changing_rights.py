"""Who may do what, as a file says: it may change while the server runs.

Its path is in CHANGING_RIGHTS; it holds words: a right that is denied to everybody
(``contents:write``), or ``signed-out``, upon which nobody is signed in, or ``broken``. Beside it
``<path>.asked`` grows by a byte with each question who somebody is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import PasswordIdentityProvider
from tornado.web import HTTPError

RIGHTS = Path(os.environ.get("CHANGING_RIGHTS", "rights"))
ASKED = RIGHTS.with_name(RIGHTS.name + ".asked")


def _words() -> list[str]:
    return RIGHTS.read_text().split() if RIGHTS.exists() else []


class ChangingAuthorizer(Authorizer):  # type: ignore[misc] # untyped
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return f"{resource}:{action}" not in _words()


class ChangingIdentity(PasswordIdentityProvider):  # type: ignore[misc] # untyped
    def get_user(self, handler: Any) -> Any:
        words = _words()
        if handler.request.path.endswith("/api/me"):
            with ASKED.open("a") as asked:
                asked.write(".")
        if "broken" in words:
            raise HTTPError(500, "the hub does not answer")
        if "signed-out" in words:
            return None
        return super().get_user(handler)
