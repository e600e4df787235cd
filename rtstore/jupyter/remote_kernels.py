"""RemoteKernels: what a Kernel or Enterprise Gateway has for this server, if one is configured."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayMappingKernelManager
from tornado.web import HTTPError

logger = logging.getLogger(__name__)

REFRESH_S = 2.0
WITHIN_S = 5.0
"""A gateway that takes longer is asked again later."""


def gateway_of(manager: Any) -> str:  # noqa: ANN401 -- any kernel manager
    """The gateway that has all kernels of this manager; '' if they are started here."""
    is_remote = isinstance(manager, GatewayMappingKernelManager)
    return str(GatewayClient.instance().url) if is_remote else ""


def name_of(kernel: Any) -> str:  # noqa: ANN401 -- Jupyter's manager of one kernel
    """Of its kernelspec: a gateway's kernel has it in its model only."""
    model = getattr(kernel, "kernel", None)
    told = model.get("name") if isinstance(model, dict) else None
    return str(told or kernel.kernel_name)


async def keep_fresh(manager: Any) -> None:  # noqa: ANN401
    """Know what the gateway says of each kernel, and which it ended; for ever."""
    while True:
        await asyncio.sleep(REFRESH_S)
        for kernel_id in manager.list_kernel_ids():
            try:
                async with asyncio.timeout(WITHIN_S):
                    await _refresh(manager, kernel_id)
            except (HTTPError, OSError, TimeoutError, KeyError, ValueError) as error:
                logger.debug("gateway does not tell kernel=%s: %s", kernel_id, error)


async def _refresh(manager: Any, kernel_id: str) -> None:  # noqa: ANN401
    """Of each by its id: a gateway need not list its kernels, and lists those of others."""
    kernel = manager.get_kernel(kernel_id)
    model = await ensure_async(kernel.refresh_model())
    if model is None:
        logger.info("the gateway ended kernel=%s", kernel_id)
        manager.remove_kernel(kernel_id)
