"""``rtstore log``: the entries of one document's log, decoded; with --follow as they come."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from rtstore.cli import inspection
from rtstore.cli.words import amount, cut
from rtstore.errors import BadFrame, StoreRefused, StoreUnavailable
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Entry, UpdateLog
from rtstore.schema import decoded
from rtstore.settings import Settings

LOOK_EVERY_S = 2.0
"""The feed may lose a message; then an entry is shown this late."""
PAGE = 200
KINDS = {
    "u": "update",
    "e": "epoch",
    "h": "heal",
    "s": "saved",
    "x": "from file",
    "q": "skip",
}
USER_CHARS = 18
HEADER = (
    f"{'ID':<10} {'TIME':<23} {'KIND':<9} {'USER':<{USER_CHARS}} {'CLIENT':<16} {'BYTES':>8}  WHAT"
)


def command(
    document: Annotated[
        str, typer.Argument(metavar="DOC", help="Path below Jupyter's directory, or a file id.")
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is added, until Ctrl-C.")
    ] = False,
    number: Annotated[
        int, typer.Option("--number", "-n", help="How many of the newest; 0: all.", min=0)
    ] = 20,
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Show the newest entries of a document's log, oldest first."""
    settings = inspection.settings_with(redis)
    try:
        inspection.run(_show(settings, document, number=number, follow=follow))
    except KeyboardInterrupt:
        raise typer.Exit from None


async def _show(settings: Settings, told: str, *, number: int, follow: bool) -> None:
    async with inspection.looking(settings) as (link, keys):
        found = await inspection.find(link, keys, settings, told)
        log = UpdateLog(link, found.keys, worker="look")
        printer = _Printer(link, log)
        typer.echo(HEADER)
        if not follow:
            await printer.print_from(await _start(link, log, number))
            return
        news = asyncio.Event()
        async with link.listen(found.keys.feed, lambda _: news.set()):
            at = await printer.print_from(await _start(link, log, number))
            while True:
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await news.wait()
                except TimeoutError:
                    pass
                news.clear()
                try:
                    at = await printer.print_from(at)
                except (StoreUnavailable, StoreRefused) as error:
                    typer.echo(f"waiting: {error}", err=True)
                    await asyncio.sleep(LOOK_EVERY_S)


async def _start(link: Link, log: UpdateLog, number: int) -> str:
    """From where to read for the newest `number`, in Redis's notation."""
    if not number:
        return "-"
    newest = await link.command("XREVRANGE", log.keys.log, "+", "-", "COUNT", number)
    return str(newest[-1][0].decode()) if newest else "-"


class _Printer:
    """Prints entries; who is here goes by the name that people know."""

    def __init__(self, link: Link, log: UpdateLog) -> None:
        self._link, self._log = link, log
        self._names: dict[str, str] = {"": "-"}

    async def print_from(self, first: str) -> str:
        """Print all from `first` on; returns from where to go on."""
        while True:
            entries = await self._log.read(first=first, limit=PAGE)
            await self._learn({entry.user for entry in entries})
            for entry in entries:
                typer.echo(line(entry, self._names[entry.user]))
            if entries:
                first = f"({entries[-1].id}"
            if len(entries) < PAGE:
                return first

    async def _learn(self, users: set[str]) -> None:
        unknown = users - self._names.keys()
        if unknown:
            here = await inspection.people(self._link, self._log.keys)
            names = {person.user: person.name for person in here}
            self._names |= {user: names.get(user, user) for user in unknown}


def line(entry: Entry, name: str) -> str:
    """One entry, for a person."""
    at = datetime.fromtimestamp(entry.ts / 1000).astimezone()
    time = at.isoformat(sep=" ", timespec="milliseconds")[:23]
    user, client = cut(name, USER_CHARS), entry.client or "-"
    kind = KINDS.get(entry.kind, entry.kind)
    return (
        f"{entry.id!s:<10} {time:<23} {kind:<9} {user:<{USER_CHARS}} {client:<16} "
        f"{amount(len(entry.update)):>8}  {_what(entry)}"
    )


def _what(entry: Entry) -> str:
    told = entry.update.decode("ascii", "replace")
    if entry.kind == "e":
        return f"a new epoch, after {told}, begun by {entry.worker}"
    if entry.kind == "q":
        return f"entry {told} can't be applied and is skipped"
    try:
        return decoded.words(entry.update)
    except BadFrame as error:
        return f"not readable: {error}"
