"""``rtstore schema``: the list, one, all, and who does not know what there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rtstore.cli.app import app

RUN = CliRunner()


def told(*words: str) -> str:
    result = RUN.invoke(app, ["schema", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_names_records_and_actions() -> None:
    listed = told()
    for name in ("DocumentMeta", "rt:{D}:meta", "LiveKernel", "kernel.restart", "json:notebook:"):
        assert name in listed


def test_all_are_one_json_schema() -> None:
    bundle = json.loads(told("--json"))
    assert bundle["$schema"].endswith("2020-12/schema")
    assert bundle["x-actions"]["kernel.restart"]["right"] == "kernels:write"


@pytest.mark.parametrize("name", ["LiveSnapshot", "LiveRun", "cell.run", "FileId"])
def test_one_stands_alone(name: str) -> None:
    schema = json.loads(told(name))
    parts = schema.get("$defs", {})
    text = json.dumps(schema)
    assert all(f"#/$defs/{part}" in text for part in parts)
    assert text.count("#/$defs/") == 0 or parts


def test_who_misspells_is_told_what_there_is() -> None:
    result = RUN.invoke(app, ["schema", "kernelmeta"])
    assert result.exit_code == 2
    assert "KernelMeta" in result.output


def test_the_generated_files_are_written(tmp_path: Path) -> None:
    told("--write", str(tmp_path))
    assert (tmp_path / "docs" / "data-model.md").read_text().startswith("# The data model")
    assert json.loads((tmp_path / "clients" / "js" / "schema.json").read_text())["title"]
