"""Doing something to a kernel: its Jupyter server does it, and says who asked."""

from __future__ import annotations

import getpass

import typer

from rtstore.cli import inspection, jupyter_request, kernel_finding
from rtstore.settings import Settings


def act(action: str, kernel: str, redis: str | None) -> None:
    """Raises NoSuchDocument, JupyterUnavailable, NotAllowed."""
    kernel_id = inspection.run(_act(inspection.settings_with(redis), action, kernel))
    typer.echo(f"{action}: {kernel_id}")


async def _act(settings: Settings, action: str, told: str) -> str:
    async with inspection.looking(settings) as (link, keys):
        kernel = await kernel_finding.find(link, keys, settings, told)
        wanted = {"action": action, "kernel": kernel.id, "by": getpass.getuser()}
        await jupyter_request.ask(
            link, keys, settings, root=kernel.root, endpoint="kernel", told=wanted
        )
        return kernel.id
