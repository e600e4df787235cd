"""``rtstore`` as installed, but that ``rtstore lab`` starts fake workers."""

from __future__ import annotations

from rtstore.cli import lab
from rtstore.cli.app import main

from .cast import WORKER

if __name__ == "__main__":
    assert lab.run.__kwdefaults__ is not None
    lab.run.__kwdefaults__["worker_command"] = WORKER
    main()
