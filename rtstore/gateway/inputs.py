"""Answering what a running cell asks: ``GET`` and ``POST …/rtstore/input/{kernel_id}/{run_id}``.

A page without script or style, for the stock front end, which has no box for it: the Jupyter
server forbids both to what it passes on. Programs send and get JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from aiohttp import web

from rtstore.gateway.run_finding import Found, find, find_asking
from rtstore.schema.identity import XSRF_HEADER
from rtstore.schema.text import sendable

VALUE_CHARS_MAX = 2**20
TOO_LATE = "Somebody answered before, or the cell ended."


async def show(request: web.Request) -> web.Response:
    """What is asked; 404 if there is no such run. JSON: ``{"prompt", "prompt_id", "password",
    "waits"}``.
    """
    run = (await find(request, "kernels:execute")).run
    waits = bool(run.prompt_id)
    if _wants_json(request):
        told = {"prompt": run.prompt, "prompt_id": run.prompt_id}
        return web.json_response({**told, "password": bool(run.password), "waits": waits})
    if not waits:
        return _page("Nothing is asked", "<p>The cell does not wait for input (any more).</p>")
    xsrf = request.headers.get(XSRF_HEADER) or request.cookies.get("_xsrf", "")
    kind = "password" if run.password else "text"
    return _page(
        "A cell waits for input",
        f'<form method="post" action="?_xsrf={escape(xsrf)}">'
        f"<p><label>{escape(run.prompt) or 'Input:'} "
        f'<input name="value" type="{kind}" autofocus autocomplete="off" size="60"></label> '
        f'<input type="hidden" name="prompt_id" value="{escape(run.prompt_id)}">'
        "<button>Answer</button></p></form>"
        f"<p>Asked by a cell that {escape(run.name or run.user)} runs.</p>",
    )


async def answer(request: web.Request) -> web.Response:
    """``value`` (and ``prompt_id``), as a form or JSON. The first wins: later ones get 409."""
    return await _answer(request, await find(request, "kernels:execute"))


async def answer_kernel(request: web.Request) -> web.Response:
    """``POST …/api/kernels/{kernel_id}/input``, ``{"input": …}``, as nbmodel's clients answer.

    ``?run=`` names the run, else it is the one that asks: 404 when none does. As `answer` else.
    """
    return await _answer(request, await find_asking(request, "kernels:execute"))


async def _answer(request: web.Request, found: Found) -> web.Response:
    is_json = request.content_type == "application/json"
    told = await (_json(request) if is_json else _form(request))
    value, prompt_id = told.get("value", told.get("input")), str(told.get("prompt_id", ""))
    if not isinstance(value, str) or len(value) > VALUE_CHARS_MAX:
        raise web.HTTPBadRequest(reason="value is missing, or too long")
    by = found.identity.user.username
    done = await found.queue.answer(
        found.run, sendable(value), user=by, prompt_id=sendable(prompt_id)
    )
    if _wants_json(request):
        if done:
            return web.json_response({"answered": True}, status=201)
        return web.json_response({"answered": False, "message": TOO_LATE}, status=409)
    if done:
        return _page("Answered", "<p>The cell goes on. You can close this page.</p>")
    return _page("Too late", f"<p>{TOO_LATE}</p>", status=409)


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        told = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise web.HTTPBadRequest(reason="the body is no JSON") from error
    if not isinstance(told, dict):
        raise web.HTTPBadRequest(reason="the body must be a JSON object")
    return told


async def _form(request: web.Request) -> Mapping[str, Any]:
    try:
        return await request.post()
    except (ValueError, LookupError) as error:  # no boundary, no UTF-8, no such encoding
        raise web.HTTPBadRequest(reason="the body is no form") from error


def _wants_json(request: web.Request) -> bool:
    return "json" in request.headers.get("Accept", "") or "json" in request.content_type


def _page(title: str, body: str, *, status: int = 200) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><h1>{title}</h1>{body}</html>'
    )
    return web.Response(text=text, content_type="text/html", status=status)
