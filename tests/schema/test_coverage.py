"""Coverage: the tables name all that the installed Jupyter has, and nothing else."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comm
import ipykernel
import jupyter_client
import jupyter_server
import jupyter_server_terminals
import pytest
import yaml  # type: ignore[import-untyped]
from ipykernel.ipkernel import IPythonKernel
from jupyter_server.auth.utils import HTTP_METHOD_TO_AUTH_ACTION
from jupyter_server.files.handlers import FilesHandler
from jupyter_server.serverapp import JUPYTER_SERVICE_HANDLERS
from jupyter_server_terminals import api_handlers
from jupyter_server_terminals.handlers import TermSocket
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from rtstore.schema.actions import ACTIONS
from rtstore.schema.coverage.messages import DEBUG_COMMANDS, MESSAGES
from rtstore.schema.coverage.page import page
from rtstore.schema.coverage.routes import ROUTES, SPECIFIED, UNSPECIFIED
from rtstore.schema.coverage.row import How, Message, Route
from rtstore.schema.records.registry import RECORDS

UUID = "5f2a9be0-1c7d-4f3a-9a57-0d9f1c0b7f42"
SAMPLES = {
    "path": "a/b.ipynb",
    "checkpoint_id": "checkpoint",
    "session": UUID,
    "kernel_id": UUID,
    "section_name": "notebook",
    "terminal_id": "1",
    "kernel_name": "python3",
    "format": "html",
}
METHODS = ("get", "post", "put", "patch", "delete")
OF_ALL = {"RequestHandler", "JupyterHandler", "APIHandler", "WebSocketHandler"}


def folder_of(module: Any) -> Path:
    return Path(str(module.__file__)).parent


def specified() -> set[str]:
    """What Jupyter's OpenAPI files list, as ``METHOD path``."""
    files = (
        folder_of(jupyter_server) / "services" / "api" / "api.yaml",
        folder_of(jupyter_server_terminals) / "rest-api.yml",
    )
    found = set()
    for file in files:
        for path, told in yaml.safe_load(file.read_text())["paths"].items():
            found |= {f"{method.upper()} {path}" for method in METHODS if method in told}
    return found


def handlers() -> list[tuple[str, Any]]:
    """Pattern and class of all routes."""
    modules = [name for names in JUPYTER_SERVICE_HANDLERS.values() for name in names or ()]
    found = [
        (pattern, handler)
        for name in modules
        for pattern, handler, *_ in importlib.import_module(name).default_handlers
    ]
    found += api_handlers.default_handlers
    found.append((r"/terminals/websocket/(\w+)", TermSocket))
    found.append((r"/files/(.*)", FilesHandler))  # as the contents manager adds it
    return found


def methods_of(handler: Any) -> Iterator[str]:
    if issubclass(handler, WebSocketHandler):
        yield "WEBSOCKET"
        return
    for method in METHODS:
        if getattr(handler, method) is not getattr(RequestHandler, method):
            owner = getattr(handler, method).__qualname__.partition(".")[0]
            if owner not in OF_ALL:
                yield method.upper()


def routes_of(pattern: str, method: str) -> list[Route]:
    return [
        row
        for row in ROUTES
        if row.method == method and re.fullmatch(pattern, row.path.format(**SAMPLES))
    ]


def test_every_route_of_the_specification_is_listed_and_no_other() -> None:
    assert sorted(row.name for row in SPECIFIED) == sorted(specified())


def test_every_route_that_is_served_is_listed() -> None:
    lacking = [
        f"{method} {pattern}"
        for pattern, handler in handlers()
        for method in methods_of(handler)
        if not routes_of(pattern, method)
    ]
    assert lacking == []


@pytest.mark.parametrize("row", UNSPECIFIED, ids=lambda row: row.name)
def test_what_is_listed_besides_is_served(row: Route) -> None:
    path = row.path.format(**SAMPLES)
    assert any(
        re.fullmatch(pattern, path) and row.method in methods_of(handler)
        for pattern, handler in handlers()
    )


def handler_of(row: Route) -> Any:
    """The first that matches, as tornado looks for one."""
    path = row.path.format(**SAMPLES)
    found = [handler for pattern, handler in handlers() if re.fullmatch(pattern, path)]
    return found[0] if found else None


def right_of(handler: Any, method: str) -> str:
    """What `authorized` checks; '' if nothing does."""
    if method == "WEBSOCKET":
        return f"{_resource(handler)}:execute"
    function = getattr(handler, method.lower())
    while function is not None:
        names = function.__code__.co_freevars
        if {"action", "resource"} <= set(names):
            cells = dict(zip(names, function.__closure__, strict=True))
            resource = cells["resource"].cell_contents or handler.auth_resource
            return f"{resource}:{HTTP_METHOD_TO_AUTH_ACTION[method]}"
        function = getattr(function, "__wrapped__", None)
    return ""


def _resource(handler: Any) -> str:
    return str(getattr(handler, "auth_resource", "events"))


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.name)
def test_rights_are_those_that_the_handlers_check(row: Route) -> None:
    handler = handler_of(row)
    if handler is None:
        assert row.name == "GET /api/"  # answers anybody
        return
    assert row.right == right_of(handler, row.method)


def known_to_programs() -> set[str]:
    """Types of messages that the installed kernel and client name in their sources."""
    spelled = re.compile(
        r'"((?:[a-z]+_)+(?:request|reply))"'
        r'|\.send\(\s*[^,"()]+,\s*"([a-z_]+)"'
        r'|msg_type\s*=\s*"([a-z_]+)"'
        r'|publish_msg\(\s*"([a-z_]+)"'
        r'|msg_header\(\s*"([a-z_]+)"'
    )
    found = {*IPythonKernel.msg_types, *IPythonKernel.control_msg_types}
    for package in (ipykernel, jupyter_client, comm):
        for file in folder_of(package).rglob("*.py"):
            if "tests" in file.parts:
                continue
            for match in spelled.findall(file.read_text(encoding="utf-8")):
                found |= {one for one in match if one}
    return found - {"do_debug_request"}  # a method's name


def test_every_message_that_kernels_and_clients_know_is_listed() -> None:
    listed = {row.type for row in MESSAGES}
    known = known_to_programs()
    assert len(known) > 35
    assert known - listed == set()


def test_every_request_has_its_reply() -> None:
    listed = {row.type for row in MESSAGES}
    requests = {one.removesuffix("_request") for one in listed if one.endswith("_request")}
    replies = {one.removesuffix("_reply") for one in listed if one.endswith("_reply")}
    assert requests == replies


def test_what_programs_alone_have_is_what_the_table_says() -> None:
    assert {row.type for row in MESSAGES if not row.is_specified} <= known_to_programs()
    source = (folder_of(ipykernel) / "debugger.py").read_text()
    assert all(f'"{command}"' in source for command in DEBUG_COMMANDS)


@pytest.mark.parametrize(
    "row", [*ROUTES, *MESSAGES], ids=lambda row: getattr(row, "name", None) or row.type
)
def test_each_row_names_what_there_is_or_says_why(row: Route | Message) -> None:
    if row.how is How.ACTION:
        assert row.what
        assert set(row.what) <= set(ACTIONS)
    else:
        assert set(row.what) <= set(RECORDS)
    if row.how is How.RECORD:
        assert row.what
    if row.how in (How.PASSED, How.OUT):
        assert row.because


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_each_action_is_at_the_row_that_it_stands_for(action: str) -> None:
    params = ACTIONS[action]
    routes = {row.name: row for row in ROUTES}
    messages = {row.type: row for row in MESSAGES}
    if params.stands_for in routes:
        assert routes[params.stands_for].right == params.right
        assert action in routes[params.stands_for].what
    else:
        assert action in messages[params.stands_for].what
        assert params.right == "kernels:execute"  # as the kernel's websocket


def test_the_links_lead_to_the_other_page() -> None:
    told = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", told, re.MULTILINE)
    }
    assert set(re.findall(r"data-model\.md#([^)]+)\)", page())) <= anchors
