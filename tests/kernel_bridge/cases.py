"""The recorded kernel cases: what each cell puts out, as JupyterLab's own model has it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[3] / "shared" / "data" / "kernel_cases.json"
WHY_NOT = "the recorded kernel cases are not beside this checkout (shared/data/kernel_cases.json)"


@dataclass(frozen=True, slots=True)
class Case:
    """One notebook."""

    name: str
    cells: list[str]
    told: dict[str, Any]

    @property
    def expected(self) -> dict[str, Any]:
        found: dict[str, Any] = self.told["expected"]["jupyterlab"]
        return found

    def differs(self, outputs: list[Any], counts: list[Any]) -> list[str]:
        """What is not as expected; [] if all is."""
        found = []
        for number, (has, wants) in enumerate(zip(outputs, self.expected["outputs"], strict=True)):
            told, wanted = self._spelled(has), self._spelled(wants)
            if isinstance(wants, dict) or "__sha256__" in json.dumps(wants):
                if not _is_like(has, wants):
                    found.append(f"cell {number}: {told[:300]} is not {wanted[:300]}")
            elif told != wanted:
                found.append(f"cell {number}:\n has   {told[:1500]}\n wants {wanted[:1500]}")
        if counts != self.expected["execution_count"]:
            found.append(f"counts {counts} are not {self.expected['execution_count']}")
        return found

    def _spelled(self, outputs: Any) -> str:
        if self.told.get("alternatives"):  # a kernel without orjson warns, too
            outputs = [one for one in outputs if "UserWarning" not in str(one.get("text"))]
        if self.told.get("compare_sorted_lines") and isinstance(outputs, list):
            outputs = _lines_of_streams(outputs)  # how they take turns is chance
        text = json.dumps(outputs, sort_keys=True, ensure_ascii=False)
        for alternative in self.told.get("alternatives", []):
            text = text.replace(json.dumps(alternative, sort_keys=True), '"<alternative>"')
        for pattern, instead in self.told.get("normalize", []):
            text = re.sub(pattern, instead, text)
        return text


def all_cases() -> list[Case]:
    """[] where the file is not there."""
    if not FILE.exists():
        return []
    return [Case(told["name"], told["cells"], told) for told in json.loads(FILE.read_text())]


def _lines_of_streams(outputs: list[dict[str, Any]]) -> dict[str, list[str]]:
    streams: dict[str, str] = {}
    for output in outputs:
        streams[output["name"]] = streams.get(output["name"], "") + output["text"]
    return {name: sorted(text.splitlines()) for name, text in streams.items()}


def joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs of a file as the live document has them: lines of text as one string."""
    return [_joined(output) for output in outputs]


def _joined(output: dict[str, Any]) -> dict[str, Any]:
    told = dict(output)
    if isinstance(told.get("text"), list):
        told["text"] = "".join(told["text"])
    if isinstance(told.get("data"), dict):
        told["data"] = {
            mime: "".join(held) if isinstance(held, list) and not mime.endswith("json") else held
            for mime, held in told["data"].items()
        }
    return told


def _is_like(has: Any, wants: Any) -> bool:
    """Whether a value is what a shortened one describes."""
    if isinstance(wants, dict) and "__n__" in wants:
        return bool(
            len(has) == wants["__n__"]
            and has[: len(wants["__first__"])] == wants["__first__"]
            and has[-len(wants["__last__"]) :] == wants["__last__"]
        )
    if isinstance(wants, dict) and "__sha256__" in wants:
        digest: str = hashlib.sha256(str(has).encode()).hexdigest()
        return digest == str(wants["__sha256__"])
    if isinstance(wants, dict):
        if not isinstance(has, dict) or has.keys() != wants.keys():
            return False
        return all(_is_like(has[key], wanted) for key, wanted in wants.items())
    if isinstance(wants, list):
        return len(has) == len(wants) and all(map(_is_like, has, wants))
    return bool(has == wants)
