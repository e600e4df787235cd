"""Culling: Jupyter ends kernels that it takes for idle; it is to know which are not, and say so.

Jupyter's kernel manager decides by each kernel's `last_activity`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server._tz import utcnow

MINUTE_S = 60


def keep(manager: Any, used: Collection[str]) -> None:  # noqa: ANN401 -- Jupyter's, untyped
    """Something is done, or waits, in these kernels: that is activity, however quiet they are."""
    for kernel_id in used:
        if kernel_id in manager:
            manager.get_kernel(kernel_id).last_activity = utcnow()
            manager.last_kernel_activity = utcnow()  # what a hub asks for


def say_first(
    manager: Any,  # noqa: ANN401 -- Jupyter's, untyped
    about_to: Callable[[str, str], Awaitable[None]],
    failed_to: Callable[[str], None],
) -> None:
    """Have `about_to` called with kernel and reason before one is culled, and `failed_to` if it
    could not be.
    """
    cull = getattr(type(manager), "cull_kernel_if_idle", None)
    if cull is None or "cull_kernel_if_idle" in vars(manager):
        return

    async def telling_cull(kernel_id: str) -> None:
        shutdown, kernel = manager.shutdown_kernel, manager.get_kernel(kernel_id)
        last = getattr(kernel, "last_activity", None)

        async def telling_shutdown(ended: str, *args: object, **more: object) -> None:
            if ended != kernel_id or last is None or kernel.execution_state == "dead":
                await ensure_async(shutdown(ended, *args, **more))
                return
            idle_s = (utcnow() - last).total_seconds()
            await about_to(kernel_id, f"culled: idle for {_span(idle_s)}")
            try:
                await ensure_async(shutdown(ended, *args, **more))
            except Exception:
                failed_to(kernel_id)
                raise

        # Of all who end kernels this one names no reason: for so long it has another way to.
        manager.shutdown_kernel = telling_shutdown
        try:
            await ensure_async(cull(manager, kernel_id))
        finally:
            del manager.shutdown_kernel

    manager.cull_kernel_if_idle = telling_cull


def _span(seconds: float) -> str:
    long = seconds >= 2 * MINUTE_S
    return f"{seconds / MINUTE_S:.0f} min" if long else f"{seconds:.0f} s"
