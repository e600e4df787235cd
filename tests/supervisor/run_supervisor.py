"""A supervisor in a process of its own: says on one line what runs, ends in order on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rtstore.settings import Settings
from rtstore.supervisor import worker_seat
from rtstore.supervisor.supervisor import Supervisor

from .cast import ROOT, WORKER, fake_jupyter


async def main(told: dict[str, Any]) -> None:
    settings = Settings.load(
        data_dir=Path(told["data_dir"]), workers=told.get("workers", 2), **told.get("settings", {})
    )
    supervisor = Supervisor(
        settings,
        contents_id=told.get("root", ROOT),
        worker_command=[*WORKER, *told.get("worker_flags", [])],
        jupyter=fake_jupyter() if told.get("jupyter") else None,
    )
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        async with supervisor.running() as system:
            seat = system.jupyter
            ready = {
                "store": system.store_url,
                "workers": [{"pid": w.pid, "port": w.port} for w in system.workers],
                "jupyter": seat
                and {"pid": system.jupyter_pid, "port": seat.port, "token": seat.token},
            }
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    told = json.loads(sys.argv[1])
    if "version" in told:
        vars(worker_seat)["__version__"] = told["version"]
    asyncio.run(main(told))
