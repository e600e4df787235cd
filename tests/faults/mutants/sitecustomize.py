"""Workers of a laboratory with one safeguard taken out: Python imports this file at its start.

RTSTORE_TEST_MUTANT says which. That each is caught shows that the checker can fail.
"""

from __future__ import annotations

import os
import sys


def _mutate() -> None:
    name = os.environ.get("RTSTORE_TEST_MUTANT", "")
    if not name or "worker" not in sys.orig_argv:
        return
    import safeguards  # type: ignore[import-not-found] # beside this file, on PYTHONPATH

    safeguards.OUT[name]()


_mutate()
