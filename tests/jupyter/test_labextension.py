"""The built front-end extension in the package is what its sources say."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rtstore.jupyter import labextensions
from tests.support.tools import LONG

BUILT = labextensions.FOLDER / "@rtstore" / "lab"
REPOSITORY = Path(__file__).parents[2]
SOURCES = REPOSITORY / "clients" / "lab"
FOLDERS = ("src", "style", "../js/packages/client/src")
FILES = ("package.json", "package-lock.json", "build.config.cjs")
BYTES_MAX = 300_000


def digest() -> str:
    """As clients/lab/build.mjs has it."""
    files = [SOURCES / name for name in FILES]
    for folder in FOLDERS:
        files += [file for file in (SOURCES / folder).rglob("*") if file.is_file()]
    named = sorted((os.path.relpath(file, SOURCES), file.read_bytes()) for file in files)
    told = hashlib.sha256()
    for name, content in named:
        told.update(f"{name}\n".encode() + content)
    return told.hexdigest()


def built(folder: Path) -> dict[str, bytes]:
    """All files in it."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_what_is_built_is_of_these_sources() -> None:
    remedy = "build it anew: cd clients/lab && npm ci && npm run build"
    assert (BUILT / "built-from.txt").read_text().strip() == digest(), remedy


def test_it_is_small_and_brings_no_library_that_jupyterlab_has() -> None:
    files = built(BUILT)
    assert sum(map(len, files.values())) < BYTES_MAX
    told = json.loads(files["package.json"])
    assert told["jupyterlab"]["_build"]["load"] in files
    licences = json.loads(files["static/third-party-licenses.json"])
    brought = {package["name"] for package in licences["packages"]}
    assert not [
        name for name in brought if name in {"yjs", "react"} or name.startswith("@jupyter")
    ]


if LONG:  # else the hours of others are spent on it: half a gigabyte of packages

    @pytest.mark.timeout(600)
    def test_it_can_be_built_again_and_is_the_same(tmp_path: Path) -> None:
        shutil.copytree(
            REPOSITORY / "clients",
            tmp_path / "clients",
            ignore=shutil.ignore_patterns("node_modules"),
        )
        folder = tmp_path / "clients" / "lab"
        for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        again = tmp_path / "rtstore" / "labextensions" / "@rtstore" / "lab"
        assert built(again) == built(BUILT)
