"""``rtstore restart``: restart a kernel."""

from __future__ import annotations

from typing import Annotated

import typer

from rtstore.cli import kernel_action


def command(
    kernel: Annotated[
        str, typer.Argument(help="A kernel's id (or its beginning), or a notebook.")
    ],
    redis: Annotated[
        str | None, typer.Option(help="URL of the store (RTSTORE_REDIS_URL).")
    ] = None,
) -> None:
    """Restart a kernel; whose runs it hits is told who did it."""
    kernel_action.act("restart", kernel, redis)
