"""``rtstore worker``: one process that serves rooms and keeps documents."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from rtstore import __version__
from rtstore.errors import (
    RTStoreError,
    SettingsError,
    StoreRefused,
    StoreUnavailable,
)
from rtstore.gateway.alone import ALONE_S, until_alone
from rtstore.gateway.gateway import Gateway
from rtstore.gateway.serving import Place, listening, open_gateway
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.server_check import examine, require_fit
from rtstore.schema.ids import new_worker_id
from rtstore.settings import Settings
from rtstore.supervisor.slots import Claim, claim
from rtstore.tasks import background, one_error

logger = logging.getLogger(__name__)

BEAT_S, CHECK_S = 5.0, 60.0
ROLES = ("gateway", "keeper", "bridge")


@dataclass(frozen=True, slots=True)
class Seat:
    """How one worker is to run."""

    contents_id: str
    roles: frozenset[str]
    place: Place
    slot: int | None
    state_dir: Path | None


def command(
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
    jupyter_url: Annotated[
        str | None, typer.Option(help="Base URL of the Jupyter server; default: as it registered.")
    ] = None,
    contents_id: Annotated[
        str | None, typer.Option(help="Contents root to serve (RTSTORE_CONTENTS_ID).")
    ] = None,
    roles: Annotated[
        str,
        typer.Option(
            help="What it does, of gateway (rooms), keeper (files), bridge (this host's kernels)."
        ),
    ] = "gateway,keeper,bridge",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any.", min=0, max=65535)] = 0,
    socket: Annotated[Path | None, typer.Option(help="Unix socket to listen on as well.")] = None,
    slot: Annotated[int | None, typer.Option(hidden=True)] = None,
    state_dir: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run one worker until SIGTERM. `rtstore lab` starts some by itself; this is for scaling out.

    All workers and the Jupyter extension of one deployment share RTSTORE_REDIS_URL,
    RTSTORE_SECRET and RTSTORE_CONTENTS_ID.
    """
    settings = Settings.load(redis_url=redis, jupyter_url=jupyter_url, contents_id=contents_id)
    if not settings.redis_url:
        raise SettingsError("which store? Give --redis URL or set RTSTORE_REDIS_URL")
    if not settings.contents_id:
        raise SettingsError("which contents root? Give --contents-id or set RTSTORE_CONTENTS_ID")
    wanted = frozenset(role.strip() for role in roles.split(",") if role.strip())
    if not wanted or not wanted <= set(ROLES):
        raise SettingsError(f"--roles {roles}: choose from {', '.join(ROLES)}")
    seat = Seat(settings.contents_id, wanted, Place(host, port, socket), slot, state_dir)
    _set_up_logging()
    with one_error():
        _run(_work(settings, seat))


def _set_up_logging() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s %(message)s"
    )


def _run(main: object) -> None:
    try:
        import uvloop  # not on Windows
    except ImportError:
        asyncio.run(main)  # type: ignore[arg-type]
    else:
        uvloop.run(main)  # type: ignore[arg-type]


async def _work(settings: Settings, seat: Seat) -> None:
    worker = new_worker_id()
    keys = Keys(settings.key_prefix)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        mine = await stack.enter_async_context(_slot(seat))
        assert settings.redis_url is not None
        link = await stack.enter_async_context(connect(settings.redis_url, name=worker, keys=keys))
        for one in await require_fit(link, keys):
            logger.warning("%s; remedy: %s", one.what, one.remedy)
        await stack.enter_async_context(background(_beat(link, keys, worker, seat)))
        await stack.enter_async_context(background(_check_again(link, keys)))
        gateway = await stack.enter_async_context(
            open_gateway(link, keys, settings, worker=worker, contents_id=seat.contents_id)
        )
        port = await stack.enter_async_context(listening(gateway, seat.place))
        if mine is not None:
            mine.announce(
                fingerprint=settings.fingerprint(),
                contents_id=seat.contents_id,
                socket=str(seat.place.path or ""),
                port=port,
                worker=worker,
            )
            await stack.enter_async_context(background(_end_when_alone(gateway, stop)))
        if "keeper" in seat.roles:
            # Imported when rooms are served already: nbformat and jupyter_ydoc take half a second,
            # in which browsers would wait for a worker that starts again.
            from rtstore.keeper import keepers

            job = keepers.run(link, keys, settings, worker=worker, contents_id=seat.contents_id)
            await stack.enter_async_context(background(job))
        if "bridge" in seat.roles:
            from rtstore.kernel_bridge import bridge  # zmq, likewise

            serve = bridge.run(link, keys, settings, worker=worker, contents_id=seat.contents_id)
            await stack.enter_async_context(background(serve))
        logger.info(
            "ready worker=%s version=%s port=%d roles=%s",
            worker, __version__, port, ",".join(sorted(seat.roles)),
        )  # fmt: skip
        await stop.wait()
        logger.info("draining worker=%s sockets=%d", worker, gateway.rooms.sockets)
        await gateway.drain()  # before the keepers go: they save what came last
    logger.info("gone worker=%s", worker)


@asynccontextmanager
async def _slot(seat: Seat) -> AsyncIterator[Claim | None]:
    if seat.slot is None or seat.state_dir is None:
        yield None
        return
    async with claim(seat.state_dir, seat.slot) as mine:
        yield mine


async def _beat(link: Link, keys: Keys, worker: str, seat: Seat) -> None:
    """Be listed among the workers."""
    registry = Registry(link, keys)
    told = {
        "host": sockets.gethostname(),
        "version": __version__,
        "roles": ",".join(sorted(seat.roles)),
        "contents": seat.contents_id,
    }
    try:
        while True:
            try:
                await registry.beat(worker, told)
            except* (StoreUnavailable, StoreRefused):
                pass
            await asyncio.sleep(BEAT_S)
    finally:
        if link.connected:
            try:
                await registry.leave(worker)
            except RTStoreError as error:
                logger.debug("not taken off the list why=%s", error)


async def _check_again(link: Link, keys: Keys) -> None:
    """Somebody may change the store's settings while it runs: say so once, and when it is over."""
    told: set[str] = set()
    while True:
        await asyncio.sleep(CHECK_S)
        try:
            found = await examine(link, keys)
        except RTStoreError as error:
            logger.debug("store not checked why=%s", error)
            continue
        bad = {one.what: one for one in found if one.level == "refuse"}
        for what in bad.keys() - told:
            logger.error("documents are not safe: %s; remedy: %s", what, bad[what].remedy)
        if told and not bad:
            logger.info("the store is fit again")
        told = set(bad)


async def _end_when_alone(gateway: Gateway, stop: asyncio.Event) -> None:
    await until_alone(gateway)
    logger.info("no Jupyter server and no sockets for %d s: ending", ALONE_S)
    stop.set()
