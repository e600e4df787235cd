"""Who somebody is and what they may do, as one process tells another (signed)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rtstore.errors import NotAllowed

HEADER = "X-Rtstore-Identity"
"""Set by the Jupyter extension's proxy; workers believe it when the signature holds."""
XSRF_HEADER = "X-Rtstore-Xsrf"
"""Set by the extension's proxy: what a form of ours must send back to the Jupyter server."""
SIGNATURE_HEADER = "X-Rtstore-Signature"
"""Set by workers on requests to the extension's internal endpoints."""
VALID_S = 120
_TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class User:
    """A person as Jupyter's identity API describes one (``GET /api/me``)."""

    username: str
    name: str = ""
    display_name: str = ""
    initials: str | None = None
    avatar_url: str | None = None
    color: str | None = None

    @classmethod
    def of(cls, identity: dict[str, Any]) -> User:
        """From Jupyter's identity JSON; unknown keys are dropped."""
        known = {k: identity.get(k) for k in cls.__slots__}
        username = str(known.pop("username") or "anonymous")
        name = str(known.pop("name") or username)
        display = str(known.pop("display_name") or name)
        return cls(username, name, display, **known)

    def as_state(self) -> dict[str, Any]:
        """The ``user`` of an awareness state."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and their rights: strings ``resource:action``, e.g. ``contents:write``."""

    user: User
    rights: frozenset[str] = field(default_factory=frozenset)

    def may(self, right: str) -> bool:
        """Whether the right is held."""
        return right in self.rights

    def with_rights(self, rights: frozenset[str]) -> Identity:
        """The same user with other rights."""
        return replace(self, rights=rights)


def _mac(secret: str, told: bytes) -> str:
    return hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()


def _bytes(header: str) -> bytes:
    """Of a header as it came: it may hold anything, lone surrogates too."""
    return header.encode("utf-8", "backslashreplace")


def sign(identity: Identity, *, secret: str, now: float) -> str:
    """The value of HEADER, good for VALID_S seconds from `now` (unix time)."""
    told = {"user": identity.user.as_state(), "rights": sorted(identity.rights), "at": int(now)}
    body = base64.urlsafe_b64encode(json.dumps(told).encode())
    return f"{body.decode()}.{_mac(secret, body)}"


def verify(value: str, *, secret: str, now: float) -> Identity:
    """The identity in `value`. Raises NotAllowed if it is forged, malformed or old."""
    body, _, mac = value.rpartition(".")
    if not hmac.compare_digest(_mac(secret, _bytes(body)).encode(), _bytes(mac)):
        raise NotAllowed("identity header: bad signature")
    told = json.loads(base64.urlsafe_b64decode(body))
    if abs(now - told["at"]) > VALID_S:
        raise NotAllowed("identity header: too old")
    return Identity(User.of(told["user"]), frozenset(told["rights"]))


def sign_request(method: str, path: str, *, secret: str, now: float) -> str:
    """The value of SIGNATURE_HEADER for one request; `path` is without the query."""
    return f"{int(now)}.{_mac(secret, _bytes(f'{int(now)} {method} {path}'))}"


def verify_request(value: str, method: str, path: str, *, secret: str, now: float) -> None:
    """Raises NotAllowed unless `value` was made by `sign_request` in the last VALID_S seconds."""
    at, _, mac = value.partition(".")
    if not _TIME.fullmatch(at) or abs(now - int(at)) > VALID_S:
        raise NotAllowed("request signature: missing or too old")
    signed = _mac(secret, _bytes(f"{at} {method} {path}"))
    if not hmac.compare_digest(signed.encode(), _bytes(mac)):
        raise NotAllowed("request signature: wrong")
