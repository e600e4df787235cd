"""Cases with Output widgets and comms: what a cell shows, and what the widget has, afterwards.

What a widget took is in its model, never in the cell: JupyterLab's notebook files say so, and
nbclient's do (`nbclient.output_widget`). A later cell says what the model has in the kernel.
"""

from __future__ import annotations

from typing import Any

from tests.kernel_bridge.cases import Case

_NAMES = [['"[0-9a-f]{32}"', '"<ID>"'], [r'"interactive\([^"]*"', '"interactive"']]


def _case(name: str, *pairs: tuple[str, list[dict[str, Any]]]) -> Case:
    """A notebook of cells and what each shows."""
    told: dict[str, Any] = {
        "stdin": [],
        "interrupt_after_s": None,
        "kernel_dies": False,
        "queue_all_at_once": False,
        "linger_s": 0,
        "normalize": _NAMES,
        "expected": {
            "jupyterlab": {
                "outputs": [outputs for _, outputs in pairs],
                "execution_count": [number + 1 for number in range(len(pairs))],
            }
        },
    }
    return Case(name, [source for source, _ in pairs], told)


def _stdout(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _display(text: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}


def _result(text: str, count: int) -> dict[str, Any]:
    return _display(text) | {"output_type": "execute_result", "execution_count": count}


def _view(text: str) -> dict[str, Any]:
    view = {"model_id": "<ID>", "version_major": 2, "version_minor": 0}
    data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": text}
    return {"output_type": "display_data", "data": data, "metadata": {}}


BEGIN = """\
import asyncio
import json
from IPython.display import HTML, clear_output, display, update_display
from ipywidgets import Button, Output, VBox, interact
def told(out):
    for one in out.outputs:
        print(one.get("text") or one.get("data") or one["ename"], end=" ")
out = Output()
display(out)
"""
STREAMS = """\
with out:
    print(1)
    print(2)
    display(HTML("<b>"))
    print(3)
print("after")
"""
SHOWN = "1\n2\n {'text/plain': '<IPython.core.display.HTML object>', 'text/html': '<b>'} 3\n "
CLEARED_AT_ONCE = """\
with out:
    print("a")
    clear_output()
    print("b\\rc")
"""
CLEARED_LATER = """\
out.clear_output(wait=True)
with out:
    print("f")
clear_output()
"""
APPENDED = """\
out.append_stdout("d")
with out:
    print("e", end="")
"""
NESTED = """\
inner = Output()
with out:
    print("o1")
    with inner:
        print("i")
        with out:  # says nothing: it is in there already
            print("i2")
    print("o2")
print("cell")
"""
CAPTURED = """\
@out.capture(clear_output=True)
def f():
    print("f")
    return 7
f()
"""
DISPLAYS = """\
with out:
    _ = display("B", display_id="d")
    update_display("C", display_id="d")
"""
AWAITED = """\
with out:
    print("x")
    await asyncio.sleep(0.3)
    print("y")
    await asyncio.sleep(0.3)
"""
INTERACT = """\
def f(x):
    print("x is", x)
    return x
_ = interact(f, x=(0, 8))
"""
SENT = """\
comm.send({"method": "update", "state": {"msg_id": 7}}, buffers=[b"x" * 1000])
comm.send("text")
comm.send(None)
comm.send([1], metadata={"m": 1})
print("sent")
"""
OPENED = """\
from comm import create_comm
comm = create_comm("nobody", data={"a": 1}, buffers=[b"12"])
"""
QUEUED = [BEGIN, *(f"with out:\n    print({number})\ntold(out)" for number in range(3))]

CASES = [
    _case(
        "output_widget",
        (BEGIN, [_view("Output()")]),
        (STREAMS, [_stdout("after\n")]),
        ("told(out)", [_stdout(SHOWN)]),
    ),
    _case(
        "output_widget_cleared",
        (BEGIN, [_view("Output()")]),
        (CLEARED_AT_ONCE, []),
        ("told(out)", [_stdout("c\n ")]),
        ("out.clear_output(wait=True)\nprint('here')", [_stdout("here\n")]),
        ("told(out)", [_stdout("c\n ")]),
        (APPENDED, []),
        ("told(out)", [_stdout("e ")]),  # what was to be cleared was cleared
        (CLEARED_LATER, []),
        ("told(out)", [_stdout("f\n ")]),
        ("out.outputs = ()\ntold(out)", []),
        (APPENDED, []),
        ("told(out)", [_stdout("de ")]),
    ),
    _case(
        "output_widgets_nested",
        (BEGIN, [_view("Output()")]),
        (NESTED, [_stdout("cell\n")]),
        ("told(out)\nprint('|')\ntold(inner)", [_stdout("o1\no2\n |\ni\ni2\n ")]),
        ("with out:\n    1 / 0\nprint('goes on')", [_stdout("goes on\n")]),
        ("told(out)", [_stdout("o1\no2\n ZeroDivisionError ")]),
        (CAPTURED, [_result("7", 6)]),
        ("told(out)", [_stdout("f\n ")]),
        ("out.close()\nprint('end')", [_stdout("end\n")]),
    ),
    _case(
        "output_widget_displays",
        (BEGIN + "_ = display('A', display_id='d')", [_view("Output()"), _display("'C'")]),
        # As nbclient: an update reaches what is shown elsewhere, whoever takes what is said.
        (DISPLAYS, []),
        ("told(out)", [_stdout("{'text/plain': \"'B'\"} ")]),
        (AWAITED, []),
        ("told(out)", [_stdout("{'text/plain': \"'B'\"} x\ny\n ")]),
    ),
    _case(
        "widgets_interact",
        (BEGIN, [_view("Output()")]),
        (INTERACT, [_view("interactive(…)")]),
        ("told(_.widget.children[1])", [_stdout("x is 4\n {'text/plain': '4'} ")]),
    ),
    _case(
        "raw_comm",
        (OPENED, []),
        (SENT, [_stdout("sent\n")]),
        ("comm.close()\nprint('closed')", [_stdout("closed\n")]),
    ),
]
