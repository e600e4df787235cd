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
    queue, keys, identity = await _look(request, right)
    return await _found(request.match_info["run_id"], queue, keys, identity)


async def find_asking(request: web.Request, right: str) -> Found:
    """The run that ``?run=`` names, else the one of the kernel that asks its user something.

    Raises as `find`.
    """
    queue, keys, identity = await _look(request, right)
    if run_id := request.query.get("run"):
        return await _found(run_id, queue, keys, identity)
    for waiting in await queue.waiting():
        run = await queue.get(waiting)
        if run is not None and run.prompt_id:
            return Found(run, queue, keys, identity)
    raise web.HTTPNotFound(reason="no cell of this kernel asks anything")


async def _look(request: web.Request, right: str) -> tuple[RunQueue, KernelKeys, Identity]:
    gateway: Gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, right)
    deployment = gateway.rooms.deployment
    keys = deployment.keys.kernel(deployment.contents_id, request.match_info["kernel_id"])
    return RunQueue(deployment.link, keys), keys, identity


async def _found(run_id: str, queue: RunQueue, keys: KernelKeys, identity: Identity) -> Found:
    run = await queue.get(run_id)
    if run is None:
        raise web.HTTPNotFound(reason=f"no run {run_id[:40]}")
    return Found(run, queue, keys, identity)
