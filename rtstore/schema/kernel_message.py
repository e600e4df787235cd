"""A kernel's messages: from signed frames to values, and back.

Source: jupyter_client's ``messaging`` specification, "The Wire Protocol". Our own few lines, as
`jupyter_client.session` parses ten times slower, and refuses a message that it has seen before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rtstore.errors import BadFrame

DELIMITER = b"<IDS|MSG>"
_PARTS = 4
SHOWN = frozenset({"display_data", "execute_result", "update_display_data"})
TOO_DEEP = "this output can't be shown: it is nested too deeply"
_NESTED_MIN, _SPARE_FRAMES = 300, 250
"""What is nested more is parsed with so much less of the stack: others have to take it apart, and
have more of it in use."""


@dataclass(frozen=True, slots=True)
class KernelMessage:
    """One message as a kernel sent it."""

    msg_type: str
    msg_id: str
    session: str
    parent: str
    """msg_id of the request that it belongs to; '' if none."""
    date: str
    metadata: dict[str, Any]
    content: dict[str, Any]
    buffers: int
    """How many binary buffers came with it; they are widgets' and are not kept."""
    signature: str
    parent_type: str = ""
    parent_session: str = ""
    """Of the request that it belongs to, and of who made that."""


def parse(frames: Sequence[bytes], *, key: bytes) -> KernelMessage:
    """The message in `frames` (routing prefix, delimiter, signature, four JSON parts, buffers).

    NaN and infinity become null and lone surrogates U+FFFD, as the store, Yjs and files need it.
    What shows something that is nested too deep to be taken apart becomes an error that says so.
    Raises BadFrame: no delimiter, a wrong signature (any passes with an empty `key`), no JSON.
    """
    try:
        at = list(frames).index(DELIMITER)
    except ValueError:
        raise BadFrame("kernel message without a delimiter") from None
    parts = frames[at + 2 : at + 2 + _PARTS]
    if len(parts) != _PARTS:
        raise BadFrame(f"kernel message of {len(frames)} frames")
    signature = frames[at + 1]
    if key and not hmac.compare_digest(sign(parts, key=key), signature):
        raise BadFrame("kernel message with a wrong signature")
    try:
        header, parent = (_loads(part) for part in parts[:2])
        msg_type = str(header["msg_type"])
        try:
            metadata, content = (_loads(part) for part in parts[2:])
        except RecursionError:
            metadata, content = {}, {}
            if msg_type in SHOWN:
                msg_type = "error"
                content = {"ename": "OutputError", "evalue": TOO_DEEP, "traceback": [TOO_DEEP]}
        return KernelMessage(
            msg_type=msg_type,
            msg_id=str(header["msg_id"]),
            session=str(header.get("session", "")),
            parent=str(parent.get("msg_id", "")),
            date=str(header.get("date", "")),
            metadata=metadata,
            content=content,
            buffers=len(frames) - at - 2 - _PARTS,
            signature=signature.decode("ascii", "replace"),
            parent_type=str(parent.get("msg_type", "")),
            parent_session=str(parent.get("session", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFrame(f"kernel message that is no JSON object: {error}") from error


def sign(parts: Sequence[bytes], *, key: bytes) -> bytes:
    """The signature of the four JSON parts; b'' with an empty key."""
    if not key:
        return b""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(part)
    return mac.hexdigest().encode()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends requests to one kernel."""

    session: str
    key: bytes

    def request(
        self,
        msg_type: str,
        content: dict[str, Any],
        *,
        msg_id: str,
        date: str,
        metadata: dict[str, Any] | None = None,
    ) -> list[bytes]:
        """The frames of a request, without routing prefix: sent again they are the same one."""
        header = {
            "msg_id": msg_id,
            "msg_type": msg_type,
            "session": self.session,
            "username": "rtstore",
            "date": date,
            "version": "5.4",
        }
        parts = [json.dumps(part).encode() for part in (header, {}, metadata or {}, content)]
        return [DELIMITER, sign(parts, key=self.key), *parts]


def _loads(part: bytes) -> dict[str, Any]:
    is_nested = part.count(b"[") + part.count(b"{") > _NESTED_MIN
    text = part.decode("utf-8", "replace")
    told = _parsed(text, frames=_SPARE_FRAMES if is_nested else 0)
    if not isinstance(told, dict):
        raise TypeError("not an object")
    if b"\\ud" in part or b"\\uD" in part:  # pairs are one character by now, halves are left
        whole = json.dumps(told, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
        told = json.loads(whole.decode("utf-16-le", "replace"))
    return dict(told)


def _parsed(text: str, *, frames: int) -> Any:  # noqa: ANN401 -- JSON
    if frames:
        return _parsed(text, frames=frames - 1)
    return json.loads(text, parse_constant=lambda _: None)
