"""``python -m rtstore.cli.jupyter_lab``: JupyterLab, started in half the time."""

from __future__ import annotations

import sys

from rtstore.cli.quick_start import defer_grammar

if __name__ == "__main__":
    defer_grammar()
    from jupyterlab.labapp import main  # type: ignore[import-untyped]

    sys.exit(main())
