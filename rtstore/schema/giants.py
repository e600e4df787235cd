"""Outputs too large for a shared document: their beginning and a link; the rest is kept beside.

What is in the document says where the rest is, in ``metadata.rtstore``, so that the file gets all
of it. The stock front end shows the link: its sanitizer lets images and links through.

``{"kept": {mime: {"sha", "bytes", "json"?}}, "small": {mime: value}}``: a bundle, and which of its
values are kept beside. ``{"rest": {"sha" or "spill", "name", "chars", "cut"?}}``: what follows the
stream before it; of `cut` more characters nothing is kept. ``{"left_out": n}``: so many more
outputs are only in the kernel's log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from rtstore.schema import terminal_text

Output = dict[str, Any]

INLINE_CHARS_MAX = 2**20
"""Of one value of a bundle, as of an image."""
STREAM_CHARS_MAX = 2**17
"""Of a stream: a page lays the whole text out anew with each addition, and stands still then."""
CELL_CHARS_MAX = 10 * 2**20
"""Of all outputs of a cell; more of them are kept beside if they are over SMALL_CHARS_MAX."""
SMALL_CHARS_MAX = 2**14
OUTPUTS_MAX = 2000
"""Of a cell; a page with more stands still."""
SPILL_CHARS_MAX = 120 * 2**20
"""Of a stream's rest; in any encoding less than the 512 MiB that a store takes."""
HEAD_CHARS = 2000
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(slots=True)
class Beside:
    """What one document keeps beside it: where it can be fetched, and what is to be stored."""

    base_url: str
    document_id: str
    kernel_id: str = ""
    outputs_max: int = OUTPUTS_MAX
    blobs: dict[str, str] = field(default_factory=dict)
    """SHA-256 → value, of those that were not stored yet."""
    spills: dict[str, str] = field(default_factory=dict)
    """Name → text to add to it."""

    def keep(self, text: str) -> str:
        """Have `text` stored; the name that it has then."""
        sha = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        self.blobs[sha] = text
        return sha

    def run_url(self, run_id: str) -> str:
        """Where all that a run put out can be read."""
        return f"{self.base_url}rtstore/runs/{self.kernel_id}/{run_id}"

    def url(self, name: str, *, mime: str = "") -> str:
        """Where a blob or a spill can be fetched."""
        query = f"?type={mime}" if mime else ""
        return f"{self.base_url}rtstore/blob/{self.document_id}/{name}{query}"


def shrunk(output: Output, beside: Beside, *, chars_max: int = INLINE_CHARS_MAX) -> Output:
    """`output`, or what stands for it when a value of its bundle is longer than `chars_max`."""
    data = output.get("data")
    if not isinstance(data, dict):
        return output
    large = {mime: _text(value) for mime, value in data.items() if _chars(value) > chars_max}
    if not large:
        return output
    kept = {}
    for mime, text in large.items():
        kept[mime] = {"sha": beside.keep(text), "bytes": len(text.encode("utf-8", "replace"))}
        if not isinstance(data[mime], str):
            kept[mime]["json"] = True
    small = {mime: value for mime, value in data.items() if mime not in large}
    html = "".join(_shown(mime, large[mime], told, beside) for mime, told in kept.items())
    metadata = output.get("metadata")
    return {
        **output,
        "data": {"text/html": html, "text/plain": _plain(large, small)},
        "metadata": {
            **(metadata if isinstance(metadata, dict) else {}),
            "rtstore": {"kept": kept, "small": small},
        },
    }


def split(text: str) -> tuple[str, str]:
    """The part of a stream's text that a document holds, and the rest."""
    if len(text) <= STREAM_CHARS_MAX:
        return text, ""
    cut = text.rfind("\n", 0, STREAM_CHARS_MAX) + 1 or STREAM_CHARS_MAX
    return text[:cut], text[cut:]


def rest(
    name: str, chars: int, beside: Beside, *, sha: str = "", spill: str = "", cut: int = 0
) -> Output:
    """What stands behind a stream for the rest of its text; `cut`: characters not even kept."""
    url = beside.url(sha or spill)
    told: dict[str, Any] = {"name": name, "chars": chars} | (
        {"sha": sha} if sha else {"spill": spill}
    )
    left_off = ""
    if cut:
        told["cut"], left_off = cut, f"; after it {amount(cut)} were too much to keep"
    return {
        "output_type": "display_data",
        "data": {
            "text/html": f'<a href="{escape(url)}" target="_blank">{amount(chars)} more</a>'
            + left_off,
            "text/plain": f"… {amount(chars)} more: {url}{left_off}",
        },
        "metadata": {"rtstore": {"rest": told}},
    }


def left_out(number: int, *, url: str) -> Output:
    """What stands for outputs beyond OUTPUTS_MAX."""
    link = f'<a href="{escape(url)}" target="_blank">All outputs of this run</a>'
    return {
        "output_type": "display_data",
        "data": {
            "text/html": f"{number} more outputs are not shown. {link}",
            "text/plain": f"{number} more outputs are not shown; all: {url}",
        },
        "metadata": {"rtstore": {"left_out": number}},
    }


def mark(output: Mapping[str, Any], which: str) -> Any:  # noqa: ANN401 -- by `which`
    """What ``metadata.rtstore`` of an output says under `which`, of the form that we write.

    None if it says nothing, or something else: anybody may have written it.
    """
    metadata = output.get("metadata")
    told = metadata.get("rtstore") if isinstance(metadata, dict) else None
    found = told.get(which) if isinstance(told, dict) else None
    match which, found:
        case "kept", dict() if found and all(_is_kept(one) for one in found.values()):
            return found
        case "rest", {"name": str(), "chars": int() | float(), "sha": str()}:
            return found
        case "rest", {"name": str(), "chars": int() | float(), "spill": str()}:
            return found
        case "left_out", int() | float():
            return found
        case "small", dict():
            return found
        case _:
            return None


def _is_kept(told: object) -> bool:
    return (
        isinstance(told, dict)
        and isinstance(told.get("sha"), str)
        and isinstance(told.get("bytes"), int | float)
    )


def small(outputs: Iterable[Output], beside: Beside) -> list[Output]:
    """A cell's outputs as a document holds them, of those that a file has."""
    found: list[Output] = []
    chars = 0
    for output in outputs:
        text = output.get("text")
        if output.get("output_type") == "stream" and isinstance(text, str):
            head, more = split(text)
            found.append({**output, "text": head} if more else output)
            if more:
                name = str(output.get("name", "stdout"))
                found.append(rest(name, len(more), beside, sha=beside.keep(more)))
        else:
            chars_max = INLINE_CHARS_MAX if chars < CELL_CHARS_MAX else SMALL_CHARS_MAX
            found.append(shrunk(output, beside, chars_max=chars_max))
        chars += size(found[-1])
    return found


def names(outputs: Iterable[Output]) -> set[str]:
    """Of the blobs and spills that these outputs need to be whole."""
    found: set[str] = set()
    for output in outputs:
        for told in (mark(output, "kept") or {}).values():
            found.add(str(told.get("sha")))
        if told := mark(output, "rest"):
            found.add(str(told.get("sha") or told.get("spill")))
    return found


def whole(outputs: Iterable[Output], stored: Mapping[str, str]) -> list[Output]:
    """A cell's outputs as a file holds them; what is not in `stored` stays as it is."""
    found: list[Output] = []
    for output in outputs:
        told = mark(output, "rest")
        name = str(told.get("sha") or told.get("spill")) if isinstance(told, dict) else ""
        if name in stored and found and found[-1].get("output_type") == "stream":
            head = str(found[-1].get("text", ""))
            text = terminal_text.write(head, len(head), stored[name])[0]
            if cut := told.get("cut"):
                text += f"\n[rtstore: {amount(int(cut))} more were too much to keep]\n"
            found[-1] = {**found[-1], "text": text}
            continue
        found.append(_restored(output, stored))
    return found


def size(output: Mapping[str, Any]) -> int:
    """About how many characters an output holds."""
    if isinstance(text := output.get("text"), str):
        return len(text)
    data = output.get("data")
    return sum(map(_chars, data.values())) if isinstance(data, dict) else 0


def amount(number: int) -> str:
    """A size for people."""
    if number < 1_000_000:
        return f"{max(1, number // 1000)} kB"
    return f"{number / 1_000_000:.1f} MB"


def _restored(output: Output, stored: Mapping[str, str]) -> Output:
    kept = mark(output, "kept")
    if not isinstance(kept, dict) or not all(told.get("sha") in stored for told in kept.values()):
        return output
    data = dict(mark(output, "small") or {})
    for mime, told in kept.items():
        text = stored[told["sha"]]
        try:
            data[mime] = json.loads(text) if told.get("json") else text
        except ValueError:
            return output
    metadata = {key: value for key, value in output["metadata"].items() if key != "rtstore"}
    return {**output, "data": data, "metadata": metadata}


def _chars(value: Any) -> int:  # noqa: ANN401 -- text or JSON
    if isinstance(value, str):
        return len(value)
    return len(_text(value)) if isinstance(value, dict | list) else 0


def _text(value: Any) -> str:  # noqa: ANN401 -- text or JSON
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(mime: str, text: str, told: Mapping[str, Any], beside: Beside) -> str:
    url = escape(beside.url(str(told["sha"]), mime=mime))
    if mime in _IMAGES:
        return f'<img src="{url}" alt="{mime}">'
    link = f'<a href="{url}" target="_blank">{amount(int(told["bytes"]))} of {escape(mime)}</a>'
    if mime == "text/plain":
        return f"<pre>{escape(text[:HEAD_CHARS])}…</pre>{link}"
    return f"<div>{link}</div>"


def _plain(large: Mapping[str, str], small_ones: Mapping[str, Any]) -> str:
    if isinstance(held := small_ones.get("text/plain"), str):
        return held
    told = ", ".join(f"{amount(len(text))} of {mime}" for mime, text in large.items())
    return large.get("text/plain", "")[:HEAD_CHARS] + f"… [{told}]"
