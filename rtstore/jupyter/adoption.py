"""Adoption: kernels that a Jupyter server before this one left running are this one's again."""

from __future__ import annotations

import logging
import socket
from typing import Any

from jupyter_core.utils import ensure_async

from rtstore.jupyter import launches
from rtstore.redis_backend.kernel_index import KernelIndex

logger = logging.getLogger(__name__)


async def adopt(
    manager: Any,  # noqa: ANN401 -- Jupyter's
    sessions: Any,  # noqa: ANN401
    index: KernelIndex,
    *,
    owner: str,
    instance: str,
) -> list[str]:
    """Take over the living kernels of this contents root that no living server has, each with
    its session, to be those of `instance`; their ids.

    A kernel that can't be taken over is logged, and left. Raises StoreUnavailable.
    """
    adopted = []
    for kernel_id in launches.ids():
        launch = launches.living(kernel_id)
        if launch is None or launch.owner != owner or kernel_id in manager:
            continue
        meta = await index.meta(kernel_id)
        before = meta.get("instance", "")
        if before == instance or await _is_had(launch, before, index):
            continue
        if not await index.take(kernel_id, before=before, instance=instance):
            continue  # another server was faster
        path = meta.get("path", "")
        try:
            # Jupyter's own way to start one: our provisioner finds that it runs.
            await ensure_async(
                manager.start_kernel(
                    kernel_id=kernel_id,
                    kernel_name=meta.get("name") or launch.spec or None,
                    path=path,
                )
            )
            if path:
                await sessions.restore(kernel_id, path, meta.get("user", ""))
        except Exception:
            logger.exception("kernel not taken over kernel=%s", kernel_id)
            continue
        adopted.append(kernel_id)
    return adopted


async def _is_had(launch: launches.Launch, instance: str, index: KernelIndex) -> bool:
    """Whether a server that lives has the kernel."""
    if launches.has_server(launch):
        return True  # whatever a store says that was wiped
    heard = await index.heard(instance) if instance else None
    if heard is None:
        return False
    host, pid, created = heard
    # Killed and started again: it was heard lately, but its process is gone.
    return host != socket.gethostname() or launches.is_same(pid, created)
