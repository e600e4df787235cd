"""Actions are done as who asked for them, with all that the identity provider knows of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_server.auth import User

from rtstore.jupyter.rest_calls import Users
from tests.live.looker import looking
from tests.support.lab import running_lab


@pytest.mark.parametrize("by_a_worker", [False, True])
async def test_an_authorizer_that_looks_at_more_than_the_name_finds_it(
    tmp_path: Path, *, by_a_worker: bool
) -> None:
    options = [
        "--ServerApp.identity_provider_class=tests.live.hub_like.HubIdentity",
        "--ServerApp.authorizer_class=tests.live.hub_like.HubAuthorizer",
    ]
    environ = {"PYTHONPATH": str(Path(__file__).parents[2])}
    async with running_lab(tmp_path, workers=1, options=options, environ=environ) as lab:
        lab.write_notebook("a.ipynb", ["1 + 1"])
        at = f"{lab.workers()[0].url}/" if by_a_worker else None
        async with looking(lab, at=at) as ann:
            for action, params in (
                ("contents.create", {"path": "", "type": "file"}),
                ("terminal.create", {"name": "hub"}),
                ("terminal.delete", {"name": "hub"}),
                ("cell.run", {"path": "a.ipynb", "cells": ["cell-0"]}),
            ):
                told = await ann.ask(action, **params)
                assert (told["state"], told["user"]) == ("ok", "ann"), told


def test_users_are_bounded_and_who_is_not_known_has_a_name() -> None:
    users = Users(users_max=2)
    ann, bob, cy = (User(name) for name in ("ann", "bob", "cy"))
    for one in (ann, bob, ann, cy):
        users.saw(one)
    assert users.named("ann", "Ann") is ann
    assert users.named("cy", "Cy") is cy
    made = users.named("bob", "Bob")
    assert made is not bob
    assert (made.username, made.name, made.display_name) == ("bob", "Bob", "Bob")
