"""``rtstore store``: the embedded store, started, stopped and looked at by hand."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from rtstore.errors import RTStoreError, SettingsError, StoreRefused, StoreUnavailable
from rtstore.settings import Settings
from rtstore.supervisor.embedded_store import IDLE_S, EmbeddedStore, StoreStatus

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Start, stop or look at the embedded store: the Redis that rtstore brings along.\n\n"
    "It is one per user, starts by itself when it is needed, and stops when nobody used it for"
    " some minutes. With RTSTORE_REDIS_URL set it is not used.",
)


@app.command()
def start() -> None:
    """Start the store unless it runs, and print its URL."""
    store = _store()
    typer.echo(asyncio.run(store.start()))
    minutes = f"{IDLE_S / 60:.0f} minutes"
    typer.echo(f"it stops by itself when nobody used it for {minutes}", err=True)


@app.command()
def stop(
    force: Annotated[
        bool, typer.Option("--force", help="Also when it is in use, or does not answer.")
    ] = False,
) -> None:
    """Stop the store; its data stay. A supervisor that uses it starts it again."""
    asyncio.run(_stop(_store(), force=force))
    typer.echo("the store is stopped")


@app.command()
def status() -> None:
    """Say whether the store runs, where, and how many use it. Status 1 if it does not run."""
    store = _store()
    told = asyncio.run(store.status())
    if told is None:
        typer.echo(f"not running; its data are in {store.directory}")
        raise typer.Exit(1)
    typer.echo(_lines(told))


@app.command()
def url() -> None:
    """Print the URL of the store that is used here, for RTSTORE_REDIS_URL."""
    settings = Settings.load()
    told = settings.redis_url or EmbeddedStore(settings.data_dir.expanduser()).url
    if told is None:
        raise StoreUnavailable("the embedded store never ran; start it with: rtstore store start")
    typer.echo(told)


def _store() -> EmbeddedStore:
    settings = Settings.load()
    if settings.redis_url is not None:
        raise SettingsError(
            "RTSTORE_REDIS_URL is set, so the embedded store is not used; unset it to manage it"
        )
    return EmbeddedStore(settings.data_dir.expanduser(), durability=settings.durability)


async def _stop(store: EmbeddedStore, *, force: bool) -> None:
    try:
        stopped = await store.stop(unless_used=not force)
    except (StoreUnavailable, StoreRefused) as error:
        if not force:
            raise type(error)(f"{error}; end it with: rtstore store stop --force") from error
        stopped = await store.kill()
    if not stopped:
        raise RTStoreError(
            "the store does not end; see its log: " + str(store.log)
            if force
            else "the store is in use (rtstore store status); stop its users first, or --force"
        )


def _lines(told: StoreStatus) -> str:
    rows = {
        "url": told.url,
        "server": f"{told.version}, pid {told.pid}, up {told.uptime_s} s",
        "users": f"{told.users} connections",
        "memory": told.memory,
        "data": str(told.directory),
        "look inside": f"redis-cli -s '{told.socket}'",
    }
    return "\n".join(f"{name:12} {value}" for name, value in rows.items())
