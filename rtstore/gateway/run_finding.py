"""The run that a request names, and who asks."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.identity import Identity
from rtstore.schema.run import Run


@dataclass(frozen=True, slots=True)
class Found:
    """One run."""

    run: Run
    queue: RunQueue
    keys: KernelKeys
    identity: Identity


async def find(request: web.Request, right: str) -> Found:
    """Raises HTTPForbidden without the right, HTTPNotFound if there is no such run (any more)."""
    gateway: Gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, right)
    deployment = gateway.rooms.deployment
    keys = deployment.keys.kernel(deployment.contents_id, request.match_info["kernel_id"])
    queue = RunQueue(deployment.link, keys)
    run = await queue.get(request.match_info["run_id"])
    if run is None:
        raise web.HTTPNotFound(reason=f"no run {request.match_info['run_id'][:40]}")
    return Found(run, queue, keys, identity)
