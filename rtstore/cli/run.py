"""``rtstore run``: run a notebook's cells as its people see them, in the kernel that they use."""

from __future__ import annotations

import asyncio
import getpass
import time
import uuid
from typing import Annotated, Any

import typer

from rtstore.cli import inspection, jupyter_request
from rtstore.cli.words import printable
from rtstore.errors import BadDocument, JupyterUnavailable, NoSuchDocument, StoreUnavailable
from rtstore.pubsub.content import content_of
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import decoded, feed, updates
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kinds import NOTEBOOK
from rtstore.schema.run import OK, OVER, Run
from rtstore.settings import Settings

OPEN_S = 15.0
LOOK_S = 0.1


def command(
    notebook: Annotated[
        str, typer.Argument(metavar="NOTEBOOK", help="Path below Jupyter's directory.")
    ],
    cell: Annotated[
        list[str] | None, typer.Option("--cell", help="Id of a cell; may be given several times.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All code cells, in order.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until all are over; status 1 if one was not ok.")
    ] = False,
    kernel: Annotated[
        str | None, typer.Option(help="Kernel to start if it has none. Default: Jupyter's.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Run cells of a notebook; whoever has it open sees them run."""
    if everything == bool(cell):
        raise typer.BadParameter("give --cell ID, or --all")
    settings = inspection.settings_with(redis)
    states = inspection.run(_run(settings, notebook, cell or [], kernel=kernel, wait=wait))
    if wait and any(state not in (OK, "") for state in states):
        raise typer.Exit(1)


async def _run(
    settings: Settings, path: str, cells: list[str], *, kernel: str | None, wait: bool
) -> list[str]:
    async with inspection.looking(settings) as (link, keys):
        root = await _root(link, keys, settings)
        told = {"action": "start", "path": path, "name": kernel}
        answer = await jupyter_request.ask(
            link, keys, settings, root=root, endpoint="kernel", told=told
        )
        document_id, content = await _opened(link, keys, root, path)
        wanted = cells or [
            str(one["id"]) for one in content["cells"] if one.get("cell_type") == "code"
        ]
        user = getpass.getuser()
        runs = [
            Run(
                id=uuid.uuid4().hex,
                document=document_id,
                cell=one,
                user=user,
                name=user,
                kernel=answer["kernel"],
                requested=str(int(time.time() * 1000)),
            )
            for one in wanted
        ]
        await _ask(link, keys.document(document_id), runs)
        queue = RunQueue(link, keys.kernel(root, answer["kernel"]))
        return [await _told(queue, run, wait=wait) for run in runs]


async def _root(link: Link, keys: Keys, settings: Settings) -> str:
    """The contents root whose Jupyter server is to run it."""
    if settings.contents_id:
        return settings.contents_id
    start, end = f"{keys.prefix}:{{", "}:server"
    found = [
        name[len(start) : -len(end)] for name in await inspection.scan(link, f"{start}*{end}")
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise JupyterUnavailable("no Jupyter server runs; start it with rtstore lab")
    raise NoSuchDocument(f"set RTSTORE_CONTENTS_ID to one of {', '.join(found)}")


async def _opened(link: Link, keys: Keys, root: str, path: str) -> tuple[str, Any]:
    """The document, imported by a keeper if nobody had it open: its id and content."""
    document_id, _ = await FileIndex(link, keys.root(root)).index(path)
    names = keys.document(document_id)
    log = UpdateLog(link, names, worker="run")
    place = {"server": root, "path": path.strip("/"), "type": NOTEBOOK, "format": "json"}
    await log.open(BEGINNING, gen=uuid.uuid4().hex[:8], place=place)
    await Registry(link, keys).mark(document_id)
    await link.command(
        "SPUBLISH", keys.root(root).feed, feed.notice("opened", document=document_id)
    )
    until = time.monotonic() + OPEN_S
    while True:
        loaded = await log.load()
        if whole := content_of(loaded):
            return document_id, decoded.content(NOTEBOOK, updates.merge(whole))
        if error := loaded.meta.get("error"):
            raise BadDocument(f"{path}: {error}")
        if time.monotonic() > until:
            raise StoreUnavailable(f"no keeper opens {path}: do workers run? rtstore doctor")
        await asyncio.sleep(LOOK_S)


async def _ask(link: Link, names: DocumentKeys, runs: list[Run]) -> None:
    """Have all queued; raises BadDocument saying which was refused, and why."""
    book = RunBook(link, names)
    refused: list[str] = []

    def heard(data: bytes) -> None:
        message = feed.parse(data)
        told = message.told if isinstance(message, feed.FeedNotice) else {}
        if told.get("type") == "run settled" and int(told.get("status", 0)) >= 400:
            refused.append(str(told.get("why")))

    async with link.listen(names.feed, heard):
        await book.ask([(run, {}) for run in runs])
        ids = {run.id for run in runs}
        while ids & (await book.asked()).keys():  # noqa: ASYNC110 -- the news may be lost
            await asyncio.sleep(LOOK_S)
    if refused:
        raise BadDocument("; ".join(refused))


async def _told(queue: RunQueue, run: Run, *, wait: bool) -> str:
    while True:
        now = await queue.get(run.id)
        if now is None:  # a blank cell is not sent
            typer.echo(printable(f"{run.cell}: blank"))
            return ""
        if not wait or now.state in OVER:
            count = f" [{now.count}]" if now.count else ""
            why = f" ({now.why})" if now.why else ""
            typer.echo(printable(f"{run.cell}: {now.state}{count}{why}"))
            return now.state
        await asyncio.sleep(LOOK_S)
