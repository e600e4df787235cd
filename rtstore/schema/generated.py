"""Generated: the files of the repository that are written from the schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rtstore.schema.coverage.page import page as coverage
from rtstore.schema.records import json_schema
from rtstore.schema.records.page import page as data_model


def json_text() -> str:
    """The bundle of all records, as it is committed for the JavaScript client."""
    return json.dumps(json_schema.bundle(), indent=2, ensure_ascii=False) + "\n"


FILES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "docs/data-model.md": data_model,
        "docs/coverage.md": coverage,
        "clients/js/schema.json": json_text,
    }
)
"""Path in the repository → what it must say."""
