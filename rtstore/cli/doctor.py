"""``rtstore doctor``: settings, versions, store and Jupyter; each finding has its remedy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtstore.cli import checks, inspection
from rtstore.errors import RTStoreError
from rtstore.redis_backend.address import without_password
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.server_check import ACL_LINE, Finding, examine
from rtstore.settings import Settings

MARKS = {"ok": ("ok  ", "green"), "warning": ("warn", "yellow"), "refuse": ("FAIL", "bold red")}


def command(
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Check everything; status 1 if something is broken."""
    settings = inspection.settings_with(redis)
    console = Console(highlight=False, soft_wrap=True)
    _head(console, "Settings")
    _rows(console, checks.settings(settings, os.environ))  # noqa: TID251 -- where each is from
    _head(console, "Versions")
    _rows(console, [(name, told or "not installed") for name, told in checks.versions()])
    _head(console, "Store")
    found = _say(console, inspection.run(_store(settings)))
    _head(console, "Jupyter")
    found += _say(console, [*checks.packages(), *checks.extensions()])
    _head(console, "For a restricted Redis user")
    console.print(Text(acl_line(settings.key_prefix)))
    broken = sum(one.level == "refuse" for one in found)
    warnings = sum(one.level == "warning" for one in found)
    console.print(f"\n{broken} broken, {warnings} to look at")
    if broken:
        raise typer.Exit(1)


def acl_line(prefix: str) -> str:
    """What an administrator gives to redis-cli, for keys that begin with `prefix`."""
    return ACL_LINE.replace("~rt:*", f"~{prefix}:*").replace("&rt:*", f"&{prefix}:*")


async def _store(settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    url = settings.redis_url
    if url is None:
        url, found = await checks.embedded(settings)
        if url is None:
            return found
    keys = Keys(settings.key_prefix)
    try:
        async with connect(url, name="doctor", keys=keys) as link:
            found.append(Finding("ok", f"{without_password(url)} answers"))
            found += await examine(link, keys)
            workers = await Registry(link, keys).workers()
            found.append(Finding("ok", f"{len(workers)} workers are at work"))
    except* RTStoreError as group:
        found += [Finding("refuse", str(error), _remedy(error)) for error in _leaves(group)]
    return found


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for one in group.exceptions:
        found += _leaves(one) if isinstance(one, BaseExceptionGroup) else [one]
    return found


def _remedy(error: BaseException) -> str:
    told = str(error)
    if "NOPERM" in told:
        return "give its user the rights of the line below"
    if "WRONGPASS" in told or "NOAUTH" in told:
        return "put user and password into the URL: redis://USER:PASSWORD@HOST:PORT"
    if "no answer" in told:
        return "is that a Redis server, and does it run?"
    return "start it there, or set RTSTORE_REDIS_URL to where it is"


def _head(console: Console, title: str) -> None:
    console.print(f"\n[bold]{title}[/bold]")


def _rows(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _say(console: Console, found: list[Finding]) -> list[Finding]:
    for one in found:
        mark, style = MARKS[one.level]
        console.print(Text.assemble((mark, style), "  ", one.what))
        if one.remedy and one.level != "ok":
            console.print(Text(f"      {one.remedy}"))
    return found
