"""Actions: what is asked for is what the list knows, and who asks wrongly is told how."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rtstore.errors import BadAction
from rtstore.schema.actions import ACTIONS, parse

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("kernel.start", {}),
    ("kernel.start", {"name": "python3", "path": ""}),
    ("kernel.interrupt", {"kernel_id": "0b7c-1"}),
    ("kernel.restart", {"kernel_id": "0b7c-1"}),
    ("kernel.shutdown", {"kernel_id": "0b7c-1"}),
    ("session.create", {"path": "a.ipynb"}),
    ("session.change", {"session_id": "s", "path": "b.ipynb"}),
    ("session.delete", {"session_id": "s"}),
    ("terminal.create", {}),
    ("terminal.delete", {"name": "1"}),
    ("contents.create", {"path": "", "type": "file", "ext": ".py"}),
    ("contents.upload", {"path": "a.txt", "content": "é", "format": "text"}),
    ("contents.upload", {"path": "a.ipynb", "content": {"cells": []}, "format": "json"}),
    ("contents.rename", {"path": "a", "new_path": "b/a"}),
    ("contents.copy", {"path": "a", "to": ""}),
    ("contents.delete", {"path": "a"}),
    ("checkpoint.create", {"path": "a"}),
    ("checkpoint.list", {"path": "a"}),
    ("checkpoint.restore", {"path": "a", "checkpoint_id": "checkpoint"}),
    ("checkpoint.delete", {"path": "a", "checkpoint_id": "checkpoint"}),
    ("cell.run", {"path": "a.ipynb", "cells": ["c0", "c1"]}),
    ("kernel.complete", {"kernel_id": "k", "code": "pri", "cursor_pos": 3}),
    ("kernel.inspect", {"kernel_id": "k", "code": "print", "cursor_pos": 3}),
    ("kernel.is_complete", {"kernel_id": "k", "code": "if 1:"}),
    ("kernel.history", {"kernel_id": "k"}),
]

BAD: list[tuple[object, object, str]] = [
    ("kernel.explode", {}, "no action 'kernel.explode'; there are cell.run, "),
    (None, {}, "no action None"),
    (["kernel.start"], {}, "no action ['kernel.start']"),
    ("kernel.restart", None, "kernel.restart: params must be an object with kernel_id"),
    ("kernel.restart", {}, "kernel_id: is missing; it takes kernel_id"),
    ("kernel.restart", {"kernel_id": "k", "now": True}, "now: is not known"),
    ("kernel.restart", {"kernel_id": "../shutdown"}, "kernel_id: String should match"),
    ("kernel.restart", {"kernel_id": 7}, "kernel_id: Input should be a valid string"),
    ("session.change", {"session_id": "s"}, "nothing to change"),
    ("contents.delete", {"path": "/"}, "path: String should have at least 1 character"),
    ("contents.delete", {"path": "a/../../b"}, "path: must stay below the root directory"),
    ("contents.rename", {"path": "a", "new_path": "../a"}, "new_path: must stay below"),
    ("contents.upload", {"path": "a", "content": {}, "format": "text"}, "must be a string where"),
    ("contents.upload", {"path": "a", "content": "", "format": "json"}, "must be an object where"),
    (
        "contents.upload",
        {"path": "a", "content": "", "format": "text", "type": "notebook"},
        "format 'text' is of type 'file'",
    ),
    ("contents.create", {"path": "", "type": "link"}, "type: Input should be 'notebook', 'file'"),
    ("cell.run", {"path": "a.ipynb", "cells": []}, "cells: List should have at least 1 item"),
    ("cell.run", {"path": "a.ipynb", "cells": [1]}, "cells.0: Input should be a valid string"),
    ("kernel.complete", {"kernel_id": "k", "code": "", "cursor_pos": -1}, "cursor_pos: Input"),
]


def test_the_list_is_the_one_that_clients_know() -> None:
    assert {action for action, _params in GOOD} == set(ACTIONS)


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_each_says_which_right_it_needs_and_what_it_stands_for(name: str) -> None:
    record = ACTIONS[name]
    assert record.action == name
    assert re.fullmatch(
        r"(kernels|sessions|terminals|contents):(read|write|execute)", record.right
    )
    assert re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /api/\S+|\w+_request", record.stands_for)
    assert record.__doc__


@pytest.mark.parametrize(("action", "params"), GOOD)
def test_what_is_right_is_read(action: str, params: dict[str, Any]) -> None:
    read = parse(action, params)
    assert read.action == action
    assert read.model_dump(exclude_unset=True) == params


@pytest.mark.parametrize(("action", "params", "said"), BAD)
def test_what_is_wrong_is_named(action: object, params: object, said: str) -> None:
    with pytest.raises(BadAction, match=re.escape(said)):
        parse(action, params)


def test_slashes_around_a_path_mean_nothing() -> None:
    read = parse("contents.rename", {"path": "/a/b.txt", "new_path": "c.txt/"})
    assert read.model_dump() == {"path": "a/b.txt", "new_path": "c.txt"}


def test_a_message_stays_short_whatever_was_sent() -> None:
    with pytest.raises(BadAction) as caught:
        parse("kernel.restart", {f"x{number:0300}": 1 for number in range(1000)})
    assert len(str(caught.value)) < 2000
