"""``rtstore mode``: one kernel for all who have a notebook open, or one for each of them."""

from __future__ import annotations

from typing import Annotated

import typer

from rtstore.cli import inspection
from rtstore.errors import SettingsError
from rtstore.redis_backend import kernel_modes
from rtstore.settings import Settings


def command(
    notebook: Annotated[
        str, typer.Argument(metavar="NOTEBOOK", help="Path below Jupyter's directory, or an id.")
    ],
    mode: Annotated[
        str | None, typer.Argument(help="shared or per-user. Default: say which it is.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Say or set whose kernel runs a notebook's cells; it counts for who opens it from then on."""
    if mode not in (None, *kernel_modes.MODES):
        raise typer.BadParameter(f"choose from {', '.join(kernel_modes.MODES)}")
    typer.echo(inspection.run(_mode(inspection.settings_with(redis), notebook, mode)))


async def _mode(settings: Settings, told: str, mode: str | None) -> str:
    async with inspection.looking(settings) as (link, keys):
        found = await inspection.find(link, keys, settings, told)
        if mode is not None:
            root = await link.command("HGET", found.keys.meta, "server") or b""
            try:
                await kernel_modes.switch(
                    link,
                    keys,
                    mode,
                    document_id=found.document_id,
                    contents_id=settings.contents_id or root.decode(),
                )
            except kernel_modes.StillRunning as error:
                raise SettingsError(str(error)) from error
        return await kernel_modes.of(link, found.keys)
