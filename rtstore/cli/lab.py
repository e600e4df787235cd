"""``rtstore lab``: JupyterLab for several people; the store, the workers and Jupyter kept up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from rtstore.cli.lab_plan import LabOptions, LabPlan, plan
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.server_check import require_fit
from rtstore.settings import Settings
from rtstore.supervisor.jupyter_seat import JupyterSeat
from rtstore.supervisor.state_dir import state_dir
from rtstore.supervisor.supervisor import WORKER, Supervisor, System
from rtstore.tasks import one_error

logger = logging.getLogger(__name__)

LOG_BYTES_MAX = 2**20
AGAIN_S = 1.0
"""A signal sooner after the first is the same one, told by make or timeout once more."""
CONTEXT_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def command(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The directory of notebooks to serve.")
    ] = Path(),
    *,
    port: Annotated[
        int | None,
        typer.Option(help="Port of JupyterLab; 0: any. Default: the first free one from 8888 on."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="How many worker processes. Default: 2 (RTSTORE_WORKERS)."
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="Who knows it may join. Default: a new one (JUPYTER_TOKEN)."),
    ] = None,
    base_url: Annotated[str, typer.Option(help="Path under which Jupyter is served.")] = "/",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser when ready.")
    ] = True,
    redis: Annotated[
        str | None,
        typer.Option(help="URL of the store (RTSTORE_REDIS_URL). Default: the embedded store."),
    ] = None,
    share: Annotated[
        bool,
        typer.Option(
            "--share", help="Listen on your network's address: colleagues there can join."
        ),
    ] = False,
    ready_json: Annotated[
        bool, typer.Option("--ready-json", help="Say on one line of JSON what runs, when it does.")
    ] = False,
) -> None:
    """Start JupyterLab, its workers and the store, and keep them running until Ctrl-C.

    What dies is started again. Should this command itself be killed, all goes on serving, and its
    next start takes it over. Logs are in the directory `roots` of RTSTORE_DATA_DIR.

    Other options go to JupyterLab; write them as --name=value.
    """
    _log_to_console()
    options = LabOptions(
        directory=directory,
        port=port,
        token=token,
        usual_token=os.environ.get("JUPYTER_TOKEN"),  # noqa: TID251 -- Jupyter heeds it too
        base_url=base_url,
        share=share,
        extra=context.args,
    )
    planned = plan(options, Settings.load(redis_url=redis, workers=workers))
    if os.geteuid() == 0:
        logger.warning("running as root, so JupyterLab is started with --allow-root")
    asyncio.run(run(planned, open_browser=browser, ready_json=ready_json))


async def run(
    planned: LabPlan,
    *,
    open_browser: bool = False,
    ready_json: bool = False,
    worker_command: Sequence[str] = WORKER,
) -> None:
    """Run it until a signal comes; a second one kills what has not ended by then."""
    supervisor = Supervisor(
        planned.settings,
        contents_id=planned.contents_id,
        root_dir=planned.root_dir,
        jupyter=planned.jupyter,
        worker_command=worker_command,
    )
    _log_beside_the_others(planned)
    with _ended_by_signals(), suppress(asyncio.CancelledError):
        if planned.settings.redis_url is not None:
            await _check(planned.settings.redis_url, Keys(planned.settings.key_prefix))
        async with supervisor.running() as system:
            assert system.jupyter is not None
            _say(planned, system, system.jupyter, ready_json=ready_json)
            if open_browser:
                _open_browser(_page(system.jupyter))
            await asyncio.Event().wait()


async def _check(store_url: str, keys: Keys) -> None:
    """A wrong URL or an unfit store is said now, not by a worker's last words.

    The embedded store needs none of it: how it is configured is ours.
    """
    with one_error():
        async with connect(store_url, name="lab:check", keys=keys) as link:
            for one in await require_fit(link, keys):
                logger.warning("%s; remedy: %s", one.what, one.remedy)


def _log_to_console() -> None:
    console = logging.StreamHandler()
    console.setLevel(logging.WARNING)  # what nobody needs to act on goes to the log only
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        handlers=[console],
    )


def _log_beside_the_others(planned: LabPlan) -> None:
    folder = state_dir(planned.settings.data_dir.expanduser().absolute(), planned.contents_id)
    log = RotatingFileHandler(
        folder / "supervisor.log", maxBytes=LOG_BYTES_MAX, backupCount=1, delay=True
    )
    log.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    logging.getLogger().addHandler(log)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    first: list[float] = []

    def end(name: str) -> None:
        if not first:
            typer.echo(f"{name}: stopping; again kills what is left", err=True)
            first.append(loop.time())
        elif loop.time() - first[0] < AGAIN_S:
            return
        task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for signum in signals:
        loop.add_signal_handler(signum, end, signum.name)
    try:
        yield
    finally:
        for signum in signals:
            loop.remove_signal_handler(signum)


def _say(planned: LabPlan, system: System, jupyter: JupyterSeat, *, ready_json: bool) -> None:
    page = _page(jupyter)
    if planned.shared:
        joins = f"A colleague on your network joins at: {_page(jupyter, host=planned.seen_at)}"
    else:
        joins = "A colleague joins at the same address on this machine; to let your network in,"
        joins += " start it with: rtstore lab --share"
    # One line on stdout for programs; then people read the other stream.
    typer.echo(f"JupyterLab is ready: {page}\n{joins}", err=ready_json)
    if ready_json:
        told = {
            "url": jupyter.url,
            "token": jupyter.token,
            "store": system.store_url,
            "jupyter_pid": system.jupyter_pid,
            "workers": [{"url": worker.url, "pid": worker.pid} for worker in system.workers],
        }
        typer.echo(json.dumps(told))


def _page(jupyter: JupyterSeat, *, host: str | None = None) -> str:
    token = f"?token={quote(jupyter.token)}" if jupyter.token else ""
    return f"{jupyter.url_at(host)}lab{token}"


def _open_browser(page: str) -> None:
    """In the background; not where it could only be a browser in this terminal."""
    graphical = any(
        os.environ.get(name)  # noqa: TID251 -- says where we run, and sets nothing of ours
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if graphical or sys.platform == "darwin":
        threading.Thread(target=webbrowser.open, args=[page], daemon=True).start()
