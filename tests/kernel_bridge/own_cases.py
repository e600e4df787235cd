"""A few kernel cases of our own, one of each kind: for tests that can't afford all, or lack them.

What they expect is nbformat's, as JupyterLab's own model builds it.
"""

from __future__ import annotations

from typing import Any

from tests.kernel_bridge.cases import Case

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501
ANY_TRACEBACK = [[r'"traceback": \[.*', '"traceback": []']]


def _case(name: str, cells: list[str], outputs: list[list[Any]], **told: Any) -> Case:
    counts = told.pop("counts", [*range(1, len(cells) + 1)])
    usual = {"queue_all_at_once": False, "stdin": [], "interrupt_after_s": None, "linger_s": 0}
    expected = {"outputs": outputs, "execution_count": counts}
    told = usual | {"kernel_dies": False, "expected": {"jupyterlab": expected}} | told
    return Case(name, cells, told)


def _stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def _display(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _error(name: str, value: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": []}


_STREAMS = """import sys
for word in ('a', 'b'):
    print(word, flush=True)
    print(word, 'err', file=sys.stderr, flush=True)"""
_PROGRESS = """import sys
for part in range(4):
    sys.stdout.write(f'\\rpart {part} of 3')
    sys.stdout.flush()
print()
print('all')"""
_CLEARED = """from IPython.display import clear_output
for step in range(5):
    clear_output(wait=True)
    print('step', step, flush=True)"""
_SHOW = "from IPython.display import display\nshown = display('as it was', display_id='of ours')"
_RICH = f"""from IPython.display import display
table = '<table><tr><td>in a table</td></tr></table>'
display({{'text/html': table, 'text/plain': 'plain'}}, raw=True)
display({{'image/png': '{PIXEL}', 'text/plain': 'a pixel'}}, raw=True)
print('below')"""

_FAILS = "import time\ntime.sleep(0.5)  # the other is asked for meanwhile\nprint('before')"

SHORT = [
    _case(
        "own_streams",
        [_STREAMS],
        [
            [
                _stream("a\n"),
                _stream("a err\n", "stderr"),
                _stream("b\n"),
                _stream("b err\n", "stderr"),
            ]
        ],
    ),
    _case("own_progress", [_PROGRESS], [[_stream("part 3 of 3\nall\n")]]),
    _case("own_cleared", [_CLEARED], [[_stream("step 4\n")]]),
    _case(
        "own_update",
        [_SHOW, "shown.update('as it is')\nprint('told')"],
        [[_display({"text/plain": "'as it is'"})], [_stream("told\n")]],
    ),
    _case(
        "own_rich",
        [_RICH],
        [
            [
                _display(
                    {
                        "text/html": "<table><tr><td>in a table</td></tr></table>",
                        "text/plain": "plain",
                    }
                ),
                _display({"image/png": PIXEL, "text/plain": "a pixel"}),
                _stream("below\n"),
            ]
        ],
    ),
    _case(
        "own_question",
        ["print('hello', input('Who? '))"],
        [[_stream("Who?  Ada\n", "stdin"), _stream("hello Ada\n")]],
        stdin=["Ada"],
    ),
    _case(
        "own_error",
        [f"{_FAILS}\n{{}}['none']", "print('never')"],
        [[_stream("before\n"), _error("KeyError", "'none'")], []],
        queue_all_at_once=True,
        counts=[1, None],
        normalize=ANY_TRACEBACK,
    ),
]
_ALONE = ("own_question", "own_error")


def _together() -> Case:
    cases = [case for case in SHORT if case.name not in _ALONE]
    cells = [cell for case in cases for cell in case.cells]
    return _case("own_all", cells, [of for case in cases for of in case.expected["outputs"]])


TOGETHER = _together()
"""Those that need no answer and end well, in one notebook."""
FEW = [TOGETHER, *(case for case in SHORT if case.name in _ALONE)]
"""All of them, in three notebooks."""
