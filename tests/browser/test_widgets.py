"""Widgets of cells that the server runs, in stock pages: there once, and up to date."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Meet
from tests.support.lab import Lab
from tests.support.people import Person
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OUTPUT = "import ipywidgets as w\nout = w.Output()\ndisplay(out)"
TAKEN = """\
import pathlib, time
with out:
    print("taken")
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
print("left")
"""
SLIDER = """\
from ipywidgets import interact
def f(x):
    print("x is", x)
_ = interact(f, x=(0, 9))
"""
TOLD = "print([one['text'] for one in out.outputs])"


async def in_widgets(person: Person) -> list[str]:
    """What each Output widget in the page shows."""
    found = person.page.locator(".jp-NotebookPanel .jp-Cell .jupyter-widgets.widget-output")
    return [text.strip() for text in await found.all_inner_texts()]


async def until_in_widgets(person: Person, expected: list[str]) -> None:
    async def look() -> bool:
        return await in_widgets(person) == expected

    try:
        await until(look, what=f"widgets show {expected}", timeout_s=60)
    except AssertionError as error:
        raise AssertionError(f"{person.name}: {error}; {await in_widgets(person)}") from None


async def test_what_a_widget_takes_is_there_once_in_all_pages(
    lab: Lab, meet: Meet, arrive: Arrive
) -> None:
    ann, bob = await meet("output.ipynb", [OUTPUT, TAKEN, TOLD])
    await ann.until_kernel()
    await bob.until_kernel()
    await ann.run_cell(0)
    await until_in_widgets(ann, [""])
    await until_in_widgets(bob, [""])

    await bob.run_cell(1)
    for person in (ann, bob):
        await until_in_widgets(person, ["taken"])
        await person.until_prompts(["[1]:", "[*]:", "[ ]:"])
        await person.wait("() => window.rt.kernelState() === 'busy'")

    (lab.notes / "go").touch()
    for person in (ann, bob):
        await until_in_widgets(person, ["taken"])
        await person.until_shown(1, "left")
        assert await person.shown(1) == "left"
    await ann.run_cell(2)
    await bob.until_shown(2, "['taken\\n']")
    for person in (ann, bob):
        assert await in_widgets(person) == ["taken"]
    carol = await arrive("carol")
    await carol.open("output.ipynb")
    await until_in_widgets(carol, ["taken"])


async def test_a_slider_is_live_for_who_comes_later_and_is_saved_where_asked(
    lab: Lab, meet: Meet, arrive: Arrive
) -> None:
    told = "[one['text'] for one in _.widget.children[1].outputs]"
    ann, bob = await meet("slider.ipynb", [SLIDER, told])
    await ann.until_kernel()
    await bob.until_kernel()
    await ann.run_cell(0)
    for person in (ann, bob):
        await until_in_widgets(person, ["x is 4"])

    # What a page does in its widgets, that page takes care of.
    await ann.page.locator(".jp-NotebookPanel .noUi-handle").focus()
    await ann.page.keyboard.press("ArrowRight")
    for person in (ann, bob):
        await until_in_widgets(person, ["x is 5"])
    await bob.run_cell(1)
    await ann.until_shown(1, "['x is 5\\n']")
    assert await in_widgets(bob) == ["x is 5"]
    assert [cell["metadata"] for cell in cells_on_disk(lab, "slider.ipynb")] == [{}, {}]

    await save_widget_state(lab, ann)
    carol = await arrive("carol")
    await carol.open("slider.ipynb")
    await until_in_widgets(carol, ["x is 5"])
    await expect(carol.page.locator(".jp-NotebookPanel .widget-readout")).to_have_text("5")
    await carol.press_save()

    async def is_saved() -> bool:
        return ["IntSliderModel", 5] in states_on_disk(lab, "slider.ipynb")

    await until(is_saved, what="the file has the slider's state", timeout_s=60)


async def save_widget_state(lab: Lab, person: Person) -> None:
    """Tick "Save Widget State Automatically": for pages that open from now on."""
    script = """async (url) => (await fetch(url, {method: "PUT",
        headers: {"X-XSRFToken": document.cookie.match("_xsrf=([^;]*)")[1]},
        body: JSON.stringify({raw: '{"saveState": true}'})})).status"""
    url = f"{lab.url}lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin"
    assert await person.ask(script, url) == 204


def cells_on_disk(lab: Lab, path: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = notebook_on_disk(lab, path).get("cells", [])
    return cells


def states_on_disk(lab: Lab, path: str) -> list[list[Any]]:
    """Model and value of each widget in the file's metadata."""
    told = notebook_on_disk(lab, path).get("metadata", {}).get("widgets", {})
    states = told.get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    return [[one["model_name"], one["state"].get("value")] for one in states.values()]


def notebook_on_disk(lab: Lab, path: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((lab.notes / path).read_text())
    except ValueError:  # it is being written
        return {}
    return told
