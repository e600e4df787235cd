"""The aiohttp application of a worker."""

from __future__ import annotations

from aiohttp import web

from rtstore.gateway import (
    actions,
    blobs,
    execute,
    health,
    inputs,
    kernel_mode,
    live,
    runs,
    sessions,
    sockets,
)
from rtstore.gateway.gateway import GATEWAY, Gateway

BODY_BYTES_MAX = 2**20


def make_app(gateway: Gateway) -> web.Application:
    """Routes match below any base URL, so that a worker need not be told it."""
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app[GATEWAY] = gateway
    base = "/{base:(?:.*/)?}"
    app.router.add_get(base + "rtstore/healthz", health.healthz)
    app.router.add_get(base + "rtstore/readyz", health.readyz)
    app.router.add_get(base + "rtstore/metrics", health.exposition)
    app.router.add_put(base + "api/collaboration/session/{path:.+}", sessions.open_session)
    app.router.add_post(base + "api/kernels/{kernel_id}/execute", execute.execute)
    app.router.add_post(base + "api/kernels/{kernel_id}/input", inputs.answer_kernel)
    app.router.add_get(base + "rtstore/input/{kernel_id}/{run_id}", inputs.show)
    app.router.add_post(base + "rtstore/input/{kernel_id}/{run_id}", inputs.answer)
    mode = base + "rtstore/kernel-mode/{document_id}"
    app.router.add_get(mode, kernel_mode.show)
    app.router.add_put(mode, kernel_mode.switch)
    app.router.add_get(base + "rtstore/blob/{document_id}/{name}", blobs.show)
    app.router.add_get(base + "rtstore/runs/{kernel_id}/{run_id}", runs.show)
    app.router.add_delete(base + "rtstore/runs/{kernel_id}/{run_id}", runs.cancel)
    requests = base + "api/kernels/{kernel_id}/requests/{run_id}"
    app.router.add_get(requests, runs.request_state)
    app.router.add_delete(requests, runs.cancel)
    app.router.add_get(base + "rtstore/runs", runs.of_document)
    app.router.add_get(base + "rtstore/server", live.server)
    app.router.add_get(base + "rtstore/live/{room:.+}", live.show)
    app.router.add_get(base + "rtstore/actions", actions.every)
    app.router.add_post(base + "rtstore/actions", actions.post)
    app.router.add_get(base + "rtstore/actions/{action_id}", actions.show)
    app.router.add_get(base + "api/collaboration/room/{room:[^/]+}", sockets.join)
    return app
