"""``python -m rtstore``."""

from __future__ import annotations

from rtstore.cli.app import main

main()
