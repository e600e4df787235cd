"""Routes: all of Jupyter Server's REST API and websockets, and what rtstore has for them."""

from __future__ import annotations

from rtstore.schema.coverage.row import How, Route

RECORD, ACTION, PASSED, OUT = How.RECORD, How.ACTION, How.PASSED, How.OUT
_CONTENTS = "/api/contents/{path}"
_CHECKPOINTS = f"{_CONTENTS}/checkpoints"
_KERNEL = "/api/kernels/{kernel_id}"
_MODEL = ("LiveContents", "LiveDirectory", "NotebookDocument", "TextDocument", "BlobDocument")
_EXPORT = "it makes a file of another kind from what is saved; an open document is saved first"

SPECIFIED = (
    Route("GET", "/api/", "", PASSED, because="a version never changes while it runs"),
    Route("GET", _CONTENTS, "contents:read", RECORD, _MODEL),
    Route("POST", _CONTENTS, "contents:write", ACTION, ("contents.create", "contents.copy")),
    Route("PATCH", _CONTENTS, "contents:write", ACTION, ("contents.rename",)),
    Route("PUT", _CONTENTS, "contents:write", ACTION, ("contents.upload",)),
    Route("DELETE", _CONTENTS, "contents:write", ACTION, ("contents.delete",)),
    Route("GET", _CHECKPOINTS, "contents:read", ACTION, ("checkpoint.list",)),
    Route("POST", _CHECKPOINTS, "contents:write", ACTION, ("checkpoint.create",)),
    Route(
        "POST",
        f"{_CHECKPOINTS}/{{checkpoint_id}}",
        "contents:write",
        ACTION,
        ("checkpoint.restore",),
    ),
    Route(
        "DELETE",
        f"{_CHECKPOINTS}/{{checkpoint_id}}",
        "contents:write",
        ACTION,
        ("checkpoint.delete",),
    ),
    Route(
        "GET",
        "/api/resolvePath",
        "api:read",
        PASSED,
        because="it answers one front end's question about a kernel's path, and keeps nothing",
    ),
    Route("GET", "/api/sessions/{session}", "sessions:read", RECORD, ("LiveSession",)),
    Route("PATCH", "/api/sessions/{session}", "sessions:write", ACTION, ("session.change",)),
    Route("DELETE", "/api/sessions/{session}", "sessions:write", ACTION, ("session.delete",)),
    Route("GET", "/api/sessions", "sessions:read", RECORD, ("LiveSession",)),
    Route("POST", "/api/sessions", "sessions:write", ACTION, ("session.create",)),
    Route("GET", "/api/kernels", "kernels:read", RECORD, ("LiveKernel",)),
    Route("POST", "/api/kernels", "kernels:write", ACTION, ("kernel.start",)),
    Route("GET", _KERNEL, "kernels:read", RECORD, ("LiveKernel",)),
    Route("DELETE", _KERNEL, "kernels:write", ACTION, ("kernel.shutdown",)),
    Route("POST", f"{_KERNEL}/interrupt", "kernels:write", ACTION, ("kernel.interrupt",)),
    Route("POST", f"{_KERNEL}/restart", "kernels:write", ACTION, ("kernel.restart",)),
    Route("GET", "/api/kernelspecs", "kernelspecs:read", RECORD, ("LiveKernelspec",)),
    Route(
        "GET",
        "/api/config/{section_name}",
        "config:read",
        PASSED,
        because="settings of a front end, which nobody edits together",
    ),
    Route(
        "PATCH",
        "/api/config/{section_name}",
        "config:write",
        PASSED,
        because="settings of a front end, which nobody edits together",
    ),
    Route("GET", "/api/terminals", "terminals:read", RECORD, ("LiveTerminal",)),
    Route("POST", "/api/terminals", "terminals:write", ACTION, ("terminal.create",)),
    Route("GET", "/api/terminals/{terminal_id}", "terminals:read", RECORD, ("LiveTerminal",)),
    Route(
        "DELETE", "/api/terminals/{terminal_id}", "terminals:write", ACTION, ("terminal.delete",)
    ),
    Route("GET", "/api/me", "", RECORD, ("ServerIdentity", "AwarenessMessage")),
    Route("GET", "/api/status", "api:read", RECORD, ("LiveStatus",)),
    Route(
        "GET",
        "/api/spec.yaml",
        "api:read",
        PASSED,
        because="a document that never changes while the server runs",
    ),
)

UNSPECIFIED = (
    Route(
        "WEBSOCKET",
        f"{_KERNEL}/channels",
        "kernels:execute",
        PASSED,
        ("OutputEntry", "KernelWidgets"),
        "front ends, widgets and debuggers talk to kernels by it; what kernels say to runs is "
        "recorded, the messages below say which",
        is_specified=False,
    ),
    Route(
        "WEBSOCKET",
        "/terminals/websocket/{terminal_id}",
        "terminals:execute",
        PASSED,
        because="Jupyter shares a terminal between all who open it as it is; what it showed is "
        "not kept",
        is_specified=False,
    ),
    Route(
        "WEBSOCKET",
        "/api/events/subscribe",
        "events:execute",
        PASSED,
        because="it is Jupyter's own bus of events, on which rtstore says what happens to "
        "documents",
        is_specified=False,
    ),
    Route(
        "POST",
        "/api/events",
        "events:write",
        PASSED,
        because="it is Jupyter's own bus of events",
        is_specified=False,
    ),
    Route(
        "PATCH",
        "/api/me",
        "",
        PASSED,
        because="who somebody is is for Jupyter's identity provider to say; presence follows it",
        is_specified=False,
    ),
    Route(
        "PUT",
        "/api/config/{section_name}",
        "config:write",
        PASSED,
        because="settings of a front end, which nobody edits together",
        is_specified=False,
    ),
    Route(
        "POST",
        f"{_CONTENTS}/trust",
        "contents:write",
        PASSED,
        because="it signs what the file holds; whether outputs are trusted is in the document",
        is_specified=False,
    ),
    *(
        Route(
            method,
            "/api/notebooks/{path}",
            "",
            PASSED,
            because="an old name that leads to /api/contents",
            is_specified=False,
        )
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    ),
    Route(
        "GET",
        "/api/kernelspecs/{kernel_name}",
        "kernelspecs:read",
        RECORD,
        ("LiveKernelspec",),
        is_specified=False,
    ),
    Route(
        "GET",
        "/kernelspecs/{kernel_name}/{path}",
        "kernelspecs:read",
        PASSED,
        ("LiveKernelspec",),
        "logos and scripts are files; the record has their addresses",
        is_specified=False,
    ),
    Route(
        "GET",
        "/api/nbconvert",
        "nbconvert:read",
        PASSED,
        because="which formats there are is decided by what is installed",
        is_specified=False,
    ),
    Route(
        "GET",
        "/nbconvert/{format}/{path}",
        "nbconvert:read",
        PASSED,
        because=_EXPORT,
        is_specified=False,
    ),
    Route(
        "POST",
        "/nbconvert/{format}",
        "nbconvert:write",
        PASSED,
        because="it makes a file of another kind from what was sent, and keeps nothing",
        is_specified=False,
    ),
    Route(
        "GET",
        "/files/{path}",
        "contents:read",
        PASSED,
        because="a download; an open document is saved first",
        is_specified=False,
    ),
    Route(
        "GET",
        "/view/{path}",
        "contents:read",
        PASSED,
        because="it shows a file in a frame",
        is_specified=False,
    ),
    Route(
        "POST",
        "/api/security/csp-report",
        "csp:write",
        PASSED,
        because="browsers report violations of the page's policy to the server's log",
        is_specified=False,
    ),
    Route(
        "POST",
        "/api/shutdown",
        "server:write",
        PASSED,
        because="it ends the server for everybody: Jupyter's own page asks first",
        is_specified=False,
    ),
)

ROUTES = (*SPECIFIED, *UNSPECIFIED)
"""All of them."""
