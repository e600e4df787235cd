"""Messages: all types of the Jupyter messaging specification, and what rtstore has for them."""

from __future__ import annotations

from rtstore.schema.coverage.row import How, Message

SPECIFICATION = "5.5"
RECORD, ACTION, PASSED, OUT = How.RECORD, How.ACTION, How.PASSED, How.OUT
_SHOWN = ("OutputEntry", "NotebookDocument")
_SOCKET = "front ends ask for it over the kernel's own websocket"
_DEBUG = "a debugger belongs to one front end, which talks to it over the kernel's own websocket"
_SUBSHELL = "a subshell belongs to the front end that made it, over the kernel's own websocket"
_WIDGETS = (
    "widgets talk to the kernel over its own websocket, and the kernel tells all pages; "
    "what Output widgets take is recorded"
)

SHELL = (
    Message("execute_request", "shell", ACTION, ("cell.run",)),
    Message("execute_reply", "shell", RECORD, ("OutputEntry", "RunRecord", "NewestRun")),
    Message("inspect_request", "shell", ACTION, ("kernel.inspect",)),
    Message("inspect_reply", "shell", RECORD, ("LiveAction",)),
    Message("complete_request", "shell", ACTION, ("kernel.complete",)),
    Message("complete_reply", "shell", RECORD, ("LiveAction",)),
    Message("history_request", "shell", ACTION, ("kernel.history",)),
    Message("history_reply", "shell", RECORD, ("LiveAction",)),
    Message("is_complete_request", "shell", ACTION, ("kernel.is_complete",)),
    Message("is_complete_reply", "shell", RECORD, ("LiveAction",)),
    Message(
        "connect_request",
        "shell",
        OUT,
        because="it asks for ports, which are of use on the kernel's host alone; deprecated",
    ),
    Message("connect_reply", "shell", OUT, because="as connect_request"),
    Message("comm_info_request", "shell", PASSED, because=_SOCKET),
    Message("comm_info_reply", "shell", PASSED, because=_SOCKET),
    Message("kernel_info_request", "shell, control", PASSED, because=_SOCKET),
    Message(
        "kernel_info_reply",
        "shell, control",
        PASSED,
        ("LiveKernelspec",),
        "its language is in the kernelspec's record and in the notebook's metadata",
    ),
)

CONTROL = (
    Message("shutdown_request", "control, shell", ACTION, ("kernel.shutdown", "kernel.restart")),
    Message("shutdown_reply", "control, shell, iopub", RECORD, ("OutputEntry", "LiveKernel")),
    Message("interrupt_request", "control", ACTION, ("kernel.interrupt",)),
    Message("interrupt_reply", "control", RECORD, ("OutputEntry", "LiveKernel")),
    Message("debug_request", "control", PASSED, because=_DEBUG),
    Message("debug_reply", "control", PASSED, because=_DEBUG),
    Message("create_subshell_request", "control", PASSED, because=_SUBSHELL),
    Message("create_subshell_reply", "control", PASSED, because=_SUBSHELL),
    Message("delete_subshell_request", "control", PASSED, because=_SUBSHELL),
    Message("delete_subshell_reply", "control", PASSED, because=_SUBSHELL),
    Message("list_subshell_request", "control", PASSED, because=_SUBSHELL),
    Message("list_subshell_reply", "control", PASSED, because=_SUBSHELL),
)

IOPUB = (
    Message("stream", "iopub", RECORD, _SHOWN),
    Message("display_data", "iopub", RECORD, _SHOWN),
    Message("update_display_data", "iopub", RECORD, _SHOWN),
    Message("execute_input", "iopub", RECORD, ("OutputEntry", "RunRecord")),
    Message("execute_result", "iopub", RECORD, _SHOWN),
    Message("error", "iopub", RECORD, _SHOWN),
    Message("status", "iopub", RECORD, ("OutputEntry", "LiveKernel")),
    Message("clear_output", "iopub", RECORD, _SHOWN),
    Message("debug_event", "iopub", PASSED, because=_DEBUG),
    Message(
        "iopub_welcome",
        "iopub",
        OUT,
        because="it tells a listener that it is subscribed; bridges use it themselves",
    ),
)

STDIN = (
    Message("input_request", "stdin", RECORD, ("RunRecord", "NotebookDocument")),
    Message("input_reply", "stdin", RECORD, ("RunRecord", "OutputEntry")),
)

COMM = (
    Message("comm_open", "shell, iopub", PASSED, ("KernelWidgets",), _WIDGETS),
    Message("comm_msg", "shell, iopub", PASSED, ("KernelWidgets",), _WIDGETS),
    Message("comm_close", "shell, iopub", PASSED, ("KernelWidgets",), _WIDGETS),
)

HEARTBEAT = (
    Message(
        "(bytes)",
        "heartbeat",
        OUT,
        ("LiveKernel",),
        "it is between a kernel and its manager; that a kernel died is in its record",
    ),
)

UNSPECIFIED = (
    Message(
        "usage_request",
        "control",
        PASSED,
        because="an extension of ipykernel's; " + _SOCKET,
        is_specified=False,
    ),
    Message(
        "usage_reply",
        "control",
        PASSED,
        because="an extension of ipykernel's; " + _SOCKET,
        is_specified=False,
    ),
    Message(
        "object_info_request",
        "shell",
        OUT,
        because="inspect_request before version 5 of the specification",
        is_specified=False,
    ),
    Message(
        "object_info_reply",
        "shell",
        OUT,
        because="inspect_reply before version 5 of the specification",
        is_specified=False,
    ),
)

CHANNELS = {
    "shell": SHELL,
    "control": CONTROL,
    "iopub": IOPUB,
    "stdin": STDIN,
    "comm": COMM,
    "heartbeat": HEARTBEAT,
    "not in the specification": UNSPECIFIED,
}
"""Where the specification has them → the types."""
MESSAGES = tuple(message for messages in CHANNELS.values() for message in messages)
"""All of them."""
DEBUG_COMMANDS = (
    "dumpCell",
    "debugInfo",
    "inspectVariables",
    "richInspectVariables",
    "copyToGlobals",
)
"""Commands that the specification adds to the Debug Adapter Protocol; as debug_request."""
