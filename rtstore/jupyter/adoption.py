"""Adoption: kernels that a Jupyter server before this one left running are this one's again."""

from __future__ import annotations

import logging
from typing import Any

from jupyter_core.utils import ensure_async

from rtstore.jupyter import launches
from rtstore.redis_backend.kernel_index import KernelIndex

logger = logging.getLogger(__name__)


async def adopt(manager: Any, sessions: Any, index: KernelIndex, *, owner: str) -> list[str]:  # noqa: ANN401
    """Take over the living kernels of this contents root, each with its session; their ids.

    A kernel that can't be taken over is logged, and left. Raises StoreUnavailable.
    """
    adopted = []
    for kernel_id in launches.ids():
        launch = launches.living(kernel_id)
        if launch is None or launch.owner != owner or kernel_id in manager:
            continue
        meta = await index.meta(kernel_id)
        path = meta.get("path", "")
        try:
            # Jupyter's own way to start one: our provisioner finds that it runs.
            await ensure_async(
                manager.start_kernel(
                    kernel_id=kernel_id, kernel_name=meta.get("name") or None, path=path
                )
            )
            if path:
                await sessions.restore(kernel_id, path, meta.get("user", ""))
        except Exception:
            logger.exception("kernel not taken over kernel=%s", kernel_id)
            continue
        adopted.append(kernel_id)
    return adopted
