"""What only the system can give: which tests need it, and how to get it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """A program of the system; tests that need it carry the marker of its key in TOOLS."""

    program: str
    package: str

    @property
    def found(self) -> str | None:
        """Where it is."""
        return shutil.which(self.program) or shutil.which(self.program, path="/usr/sbin:/sbin")


TOOLS = {
    "browser": Tool("chromium", "chromium"),
    "redis7": Tool("redis-server", "redis-server"),
    "nginx": Tool("nginx", "nginx-light"),
    "hosts": Tool("ip", "iproute2"),
}

ALL_REQUIRED = os.environ.get("RTSTORE_TEST_ALL") == "1"
"""A missing tool is a failure, not a skip."""
LONG = os.environ.get("RTSTORE_TEST_LONG") == "1"
"""Tests that have a long form run it."""


def program(marker: str) -> str:
    """The path of the marker's tool. Raises AssertionError: the test lacks the marker."""
    found = TOOLS[marker].found
    assert found, f"{TOOLS[marker].program} is missing: mark the test with {marker}"
    return found
