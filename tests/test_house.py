"""The rules of the house that no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rtstore

HOUSE = Path(rtstore.__file__).parent
REPOSITORY = HOUSE.parent
MODULES = sorted(HOUSE.rglob("*.py"))
SCRIPTS = sorted(HOUSE.rglob("*.lua"))
FILE_LINES_MAX, FUNCTION_LINES_MAX = 400, 60

NEVER = re.compile(
    r"(?<![\w/.:])/(?:work|root|home)/\w"  # a machine's paths
    r"|\b(?:issue|ticket) #?\d+\b"  # what the reader can't look up
    r"|\b(?-i:TODO|FIXME|XXX)\b",
    re.IGNORECASE,
)
"""Words that mean nothing to who reads the code elsewhere, or that promise what is not there."""


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_and_functions_are_short_and_say_what_they_are(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= FILE_LINES_MAX
    tree = _parsed(path)
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long
    is_public = not path.name.startswith("_")
    if is_public and tree.body:
        assert ast.get_docstring(tree), "no docstring"


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_scripts_begin_with_their_contract(path: Path) -> None:
    """What it does, why it must be one step, its keys and arguments, what it returns."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if lines[0].startswith("#!lua"):
        lines = lines[1:]
    code = next(i for i, line in enumerate(lines) if not line.startswith("--"))
    header = "\n".join(lines[:code])
    assert re.match(r"-- [A-Z]", header)
    assert "\n-- Atomic, so that " in header
    assert re.search(r"^-- returns: ", header, re.MULTILINE)
    body = "\n".join(lines[code:])
    for name in ("KEYS", "ARGV"):
        used = {int(number) for number in re.findall(rf"\b{name}\[(\d+)\]", body)}
        told = {int(number) for number in re.findall(rf"^-- {name}\[(\d+)", header, re.MULTILINE)}
        assert used <= told, f"{name}{sorted(used - told)} not in the header"
    assert lines[code].startswith("local "), "name keys and arguments first"
    assert path.with_name(path.name).stat().st_size < 6000


def test_every_script_is_loaded_by_the_module_it_stands_beside() -> None:
    told = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert [path.name for path in SCRIPTS if f'Script.load("{path.stem}")' not in told] == []


@pytest.mark.parametrize(
    "folder", ["rtstore", "tests", "docs", "deploy", "benchmarks", "examples"]
)
def test_nothing_speaks_of_where_it_was_written(folder: str) -> None:
    found = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in sorted((REPOSITORY / folder).rglob("*"))
        if path.suffix in {".py", ".lua", ".md", ".yaml", ".yml", ".conf", ".toml", ".mjs", ".js"}
        and "node_modules" not in path.parts
        and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if NEVER.search(line)
    ]
    assert found == []


def test_layers_are_kept() -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
