"""*Together* for who may look and do nothing: all is shown, and what is refused is said."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.together import Together
from tests.support.lab import Lab, running_lab
from tests.support.people import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]
SLEEP = "import time\nprint('sleeps')\ntime.sleep(60)"


@dataclass(frozen=True, slots=True)
class Place:
    """A lab with a file that says who may only look."""

    lab: Lab
    readers: Path

    async def make_reader(self, person: Person) -> None:
        """They may look at everything, and write files: JupyterLab opens none without."""
        await person.page.goto(f"{self.lab.url}api/me?token={self.lab.token}")
        told = json.loads(await person.page.locator("body").inner_text())
        name = told["identity"]["username"]
        self.readers.write_text(f"{name} {name}/contents:write")


@pytest_asyncio.fixture(loop_scope="session")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    readers = tmp_path / "readers"
    environ = {"READERS": str(readers), "PYTHONPATH": str(Path(__file__).parents[2])}
    options = ["--ServerApp.authorizer_class=tests.browser.readers.Readers"]
    async with running_lab(tmp_path, options=options, environ=environ) as lab:
        yield Place(lab, readers)


async def test_what_a_reader_may_not_do_is_said(place: Place, browser: Browser) -> None:
    place.lab.write_notebook("look.ipynb", [SLEEP, "input('Who? ')", "1"])
    people = [await Person.arrive(browser, place.lab, name) for name in ("ann", "bob")]
    ann, bob = (Together(person) for person in people)
    await ann.person.open("look.ipynb")
    await ann.person.until_kernel()  # a reader can have none started
    await place.make_reader(bob.person)
    await bob.person.open("look.ipynb")
    for one in (ann, bob):
        await one.open()
        await one.person.wait("() => window.rt.session()?.kernel")
    await ann.person.run_cell(0)
    await ann.person.run_cell(1)

    queue = "Running and waiting"
    await _is_refused(bob.row(queue, "Cell 1"), "Interrupt")
    await _is_refused(bob.row(queue, "Cell 2"), "Cancel")
    kernel = bob.row("Kernels", "look.ipynb")
    await _is_refused(kernel, "Interrupt")
    for verb in ("Restart", "Shut down"):
        await kernel.get_by_role("button", name=verb).click()
        dialog = bob.person.page.get_by_role("dialog")
        await dialog.get_by_role("button", name=verb).click()
    await expect(kernel.get_by_role("alert")).to_have_count(3)
    await bob.person.run_cell(2)
    await bob.until(queue, "you may not run cells here")
    await bob.shoot("reader")
    await expect(ann.row(queue, "Cell 1")).to_contain_text("runs for")
    await bob.person.until_prompts(["[*]:", "[*]:", "[ ]:"])

    await ann.row(queue, "Cell 2").get_by_role("button", name="Cancel").click()
    await expect(ann.row(queue, "Cell 2")).to_have_count(0)
    await ann.person.until_shown(0, "sleeps")  # a kernel that has not begun is not interrupted
    await ann.row(queue, "Cell 1").get_by_role("button", name="Interrupt").click()
    await ann.until("Who ran what", "error after")
    await ann.person.run_cell(1)
    await expect(bob.question()).to_contain_text("You may not answer: not authorized")
    await expect(bob.question().get_by_role("textbox")).to_have_count(0)
    await bob.until("Who ran what", "error after")
    await expect(bob.section(queue)).not_to_contain_text("be read")
    await ann.root.get_by_label("Who?").fill("Grace")
    await ann.root.get_by_role("button", name="Answer").click()
    await bob.person.until_shown(1, "'Grace'")
    await expect(bob.question()).to_have_count(0)
    assert ann.person.errors == bob.person.errors == []
    for person in people:
        await person.leave()


async def test_a_reader_is_told_that_no_kernel_is_started(place: Place, browser: Browser) -> None:
    place.lab.write_notebook("new.ipynb", ["1"])
    reader = await Person.arrive(browser, place.lab, "bob")
    await place.make_reader(reader)
    broken: list[str] = []
    reader.page.on("pageerror", lambda error: broken.append(str(error.stack)))
    await reader.open("new.ipynb")
    dialog = reader.page.locator(".jp-Dialog")
    await expect(dialog).to_contain_text("User is not authorized")
    await dialog.get_by_role("button").last.click()
    panel = Together(reader)
    await panel.open()
    await panel.until("Kernels", "No kernel runs.")
    await panel.until("Who ran what", "No cell was run yet.")
    # ipywidgets takes it for granted that a notebook has a session.
    assert [one for one in broken if "jupyterlab-manager" not in one] == []
    await reader.leave()


async def _is_refused(row: Locator, action: str) -> None:
    await row.get_by_role("button", name=action).click()
    alert = row.get_by_role("alert").first
    await expect(alert).to_contain_text(re.compile("not (allowed: kernels:|authorized to )"))
