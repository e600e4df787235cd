"""One cell of a notebook, brought into the inner form: each text one string, nothing transient."""

from __future__ import annotations

from typing import Any

from rtstore.errors import BadDocument
from rtstore.schema.canonical import plain

CELL_TYPES = ("code", "markdown", "raw")
_STREAM_KEYS = {"output_type", "name", "text"}


def tidy_cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A copy with the parts that its type requires; `id` as it was, or absent.

    Raises BadDocument (without the cell's name, which the caller knows).
    """
    tidy: dict[str, Any] = plain(cell)
    cell_type = tidy.get("cell_type")
    if cell_type not in CELL_TYPES:
        raise BadDocument(f"cell_type is {cell_type!r}, not one of {', '.join(CELL_TYPES)}")
    tidy["source"] = joined(tidy.get("source", ""))
    if tidy.get("metadata") is None:
        tidy["metadata"] = {}
    tidy.pop("execution_state", None)  # of the live document, not of the file
    if cell_type == "code":
        tidy.setdefault("execution_count", None)
        tidy["outputs"] = tidy_outputs(tidy.get("outputs") or [])
    else:
        for name in ("execution_count", "outputs"):
            if not tidy.get(name):
                tidy.pop(name, None)
    _tidy_attachments(tidy)
    return tidy


def joined(text: Any) -> Any:  # noqa: ANN401 -- what is no text is left for the validator
    """Files split texts into lists of lines; this is the text."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text


def tidy_outputs(outputs: Any) -> list[Any]:  # noqa: ANN401 -- as a file had it
    """Outputs with joined texts; neighbouring streams of one name are one.

    Every browser would merge such neighbours by itself and write the merger back, once each.
    """
    if not isinstance(outputs, list):
        raise BadDocument("outputs is no list")
    tidy: list[Any] = []
    for output in outputs:
        if not isinstance(output, dict):
            raise BadDocument(f"output {len(tidy)} is no object")
        _tidy_output(output)
        if tidy and _continues(tidy[-1], output):
            tidy[-1]["text"] += output["text"]
        else:
            tidy.append(output)
    return tidy


def _tidy_output(output: dict[str, Any]) -> None:
    match output.get("output_type"):
        case "stream":
            output.setdefault("name", "stdout")
            output["text"] = joined(output.get("text", ""))
        case "display_data" | "execute_result" as output_type:
            output.pop("transient", None)
            output["data"] = _tidy_bundle(output.get("data", {}))
            output.setdefault("metadata", {})
            if output_type == "execute_result":
                output.setdefault("execution_count", None)
        case _:
            return


def _tidy_bundle(bundle: Any) -> Any:  # noqa: ANN401 -- what is no bundle is for the validator
    if not isinstance(bundle, dict):
        return bundle
    return {
        mime: held if _is_json(mime) else joined(held)  # a list of strings may be JSON's own
        for mime, held in bundle.items()
    }


def _is_json(mime: str) -> bool:
    return mime == "application/json" or (
        mime.startswith("application/") and mime.endswith("+json")
    )


def _continues(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (
        one.keys() == other.keys() == _STREAM_KEYS
        and one["output_type"] == other["output_type"] == "stream"
        and one["name"] == other["name"]
        and isinstance(one["text"], str)
        and isinstance(other["text"], str)
    )


def _tidy_attachments(cell: dict[str, Any]) -> None:
    attachments = cell.get("attachments")
    if not attachments:
        cell.pop("attachments", None)
    elif isinstance(attachments, dict):
        cell["attachments"] = {name: _tidy_bundle(held) for name, held in attachments.items()}
