"""The side panel *Together* and the marks at cells, of two people in one notebook."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.together import Together
from tests.support.lab import Lab, running_lab
from tests.support.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SLEEP = "import time\nprint('sleeps')\ntime.sleep(60)"
SOON_MS = 1000
Both = Callable[..., Awaitable[tuple[Together, Together]]]


@pytest.fixture
def both(meet: Meet) -> Both:
    """As `meet`, and both look at the panel, and know the kernel."""

    async def come(path: str, cells: list[str]) -> tuple[Together, Together]:
        ann, bob = (Together(person) for person in await meet(path, cells))
        await ann.open()
        await bob.open()
        for one in (ann, bob):  # a page without one runs nothing
            await one.person.until_kernel()
        return ann, bob

    return come


async def name_of(one: Person) -> str:
    return str((await one.user())["display_name"])


async def test_who_is_in_which_cell(both: Both) -> None:
    ann, bob = await both("where.ipynb", ["x = 1", "y = 2", "z = 3"])
    ann_is, bob_is = await name_of(ann.person), await name_of(bob.person)

    await bob.person.enter(2)

    await expect(ann.other(bob_is)).to_contain_text("Cell 3")
    await expect(ann.row("In this notebook", f"{ann_is} (you)")).to_contain_text("Cell 1")
    label = f"{bob_is} is in this cell"
    await expect(ann.people_at(2)).to_have_attribute("aria-label", label)
    await expect(ann.people_at(0)).to_have_count(0)  # oneself is not drawn
    await ann.shoot("where")

    await ann.other(bob_is).get_by_title("Show this cell").click()
    await expect(bob.other(ann_is)).to_contain_text("Cell 3")
    await ann.person.leave()
    await expect(bob.people_at(2)).to_have_count(0)
    await bob.until("In this notebook", "Nobody else is here.")


async def test_what_waits_is_cancelled_and_what_runs_is_interrupted_by_somebody_else(
    both: Both,
) -> None:
    ann, bob = await both("queue.ipynb", [SLEEP, "print('never')"])
    ann_is, bob_is = await name_of(ann.person), await name_of(bob.person)
    await bob.until("Running and waiting", "Nothing runs.")
    await ann.person.run_cell(0)
    await ann.person.run_cell(1)

    queue = "Running and waiting"
    await expect(bob.row(queue, "Cell 1")).to_contain_text(f"{ann_is} · runs for")
    await expect(bob.row(queue, "Cell 2")).to_contain_text(f"{ann_is} · waits for")
    await expect(bob.run_at(0)).to_contain_text("runs for")
    await bob.shoot("queue")
    await bob.row(queue, "Cell 2").get_by_role("button", name="Cancel").click()
    await expect(bob.row(queue, "Cell 2")).to_have_count(0)
    await bob.person.until_shown(0, "sleeps")  # a kernel that has not begun is not interrupted
    await bob.row(queue, "Cell 1").get_by_role("button", name="Interrupt").click()

    await bob.until(queue, "Nothing runs.")
    await ann.until("Who ran what", f"did not run: cancelled by {bob_is}", "error after")
    await ann.person.until_prompts(["[1]:", "[ ]:"])
    await ann.shoot("ended")


async def test_a_question_is_answered_in_the_panel_by_somebody_else(both: Both) -> None:
    code = (
        "import getpass\nname = input('Who? ')\nsecret = getpass.getpass('Secret: ')\n"
        "print(name, len(secret))"
    )
    ann, bob = await both("asks.ipynb", [code])
    await ann.person.run_cell(0)

    await expect(bob.question()).to_contain_text("Who?")
    await expect(bob.root.page.locator(".lm-TabBar-tab.rt-mod-asks")).to_be_visible()
    await bob.shoot("asks")
    await bob.root.get_by_label("Who?").fill("Grace")
    await bob.root.get_by_role("button", name="Answer").click()
    secret = ann.root.get_by_label("Secret:")
    await expect(secret).to_have_attribute("type", "password")
    await secret.fill("12345")
    assert "12345" not in await ann.root.inner_html()
    await secret.press("Enter")

    await ann.person.until_shown(0, "Grace 5")
    await expect(ann.question()).to_have_count(0)
    await expect(bob.question()).to_have_count(0)


async def test_who_ran_what_and_whether_it_still_holds(both: Both) -> None:
    ann, bob = await both("marks.ipynb", ["x = 1", "x"])
    ann_is, bob_is = await name_of(ann.person), await name_of(bob.person)
    await ann.person.run_cell(1)
    await ann.person.until_prompts(["[ ]:", "[1]:"])
    await bob.person.run_cell(0)
    await ann.person.until_prompts(["[2]:", "[1]:"])

    await expect(ann.row("Who ran what", "Cell 1")).to_contain_text(bob_is)
    await expect(ann.row("Who ran what", "Cell 2")).to_contain_text(ann_is)
    await expect(ann.row("Who ran what", "Cell 2")).to_contain_text("a cell above it ran later")
    await bob.person.enter(0)
    await bob.person.type("0")
    await expect(ann.run_at(0)).to_contain_text("edited since it ran")
    await expect(ann.run_at(0)).to_contain_text(bob_is)
    await ann.shoot("marks")


@pytest.mark.alone
async def test_a_mark_is_there_within_a_second(both: Both) -> None:
    """Of what ran, whoever ran, edited or restarted it; the server says it later."""
    ann, bob = await both("soon.ipynb", ["x = 1", "x"])
    await ann.person.run_cell(1)
    await bob.person.until_prompts(["[ ]:", "[1]:"])
    await expect(ann.run_at(1)).to_be_visible()
    await bob.person.run_cell(0)
    await ann.person.until_prompts(["[2]:", "[1]:"])
    await expect(ann.run_at(1)).to_contain_text("a cell above it ran later", timeout=SOON_MS)

    await bob.person.enter(0)
    await bob.person.page.keyboard.press("End")
    await bob.person.type("2")
    await ann.person.until_texts(["x = 12", "x"])
    await expect(ann.run_at(0)).to_contain_text("edited since it ran", timeout=SOON_MS)
    await bob.person.page.keyboard.press("Backspace")
    await ann.person.until_texts(["x = 1", "x"])
    await expect(ann.run_at(0)).not_to_contain_text("edited", timeout=SOON_MS)

    kernel = bob.row("Kernels", "soon.ipynb")
    await kernel.get_by_role("button", name="Restart").click()
    await bob.person.page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    await expect(ann.row("Kernels", "soon.ipynb")).to_contain_text("restarted 1")
    for cell in (0, 1):
        text = "ran before the kernel was restarted"
        await expect(ann.run_at(cell)).to_contain_text(text, timeout=SOON_MS)


async def test_files_and_kernels_of_the_server_as_they_change(both: Both, lab: Lab) -> None:
    ann, bob = await both("server.ipynb", [SLEEP, "1"])
    ann_is = await name_of(ann.person)
    kernel = bob.row("Kernels", "server.ipynb")
    await expect(kernel).to_contain_text("idle")

    await ann.person.ask(NEW_FILE)
    await bob.file("untitled.txt").click()
    await bob.person.until_open("untitled.txt")
    (lab.notes / "inner").mkdir()
    (lab.notes / "inner" / "deep.txt").write_text("x")
    await bob.root.locator("summary", has_text="inner").click()
    await expect(bob.file("deep.txt")).to_be_visible()
    (lab.notes / "inner" / "deep.txt").unlink()
    await expect(bob.file("deep.txt")).to_have_count(0)

    await ann.person.run_cell(0)
    await expect(kernel).to_contain_text(f"busy with a cell of {ann_is}")
    await bob.shoot("server")
    await kernel.get_by_role("button", name="Restart").click()
    await bob.person.page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    await ann.until("Who ran what", "lost: the kernel was restarted by")
    await expect(kernel).to_contain_text("restarted 1")
    await kernel.get_by_role("button", name="Shut down").click()
    await bob.person.page.get_by_role("dialog").get_by_role("button", name="Shut down").click()
    await expect(kernel).to_have_count(0)


NEW_FILE = (
    """() => window.jupyterapp.commands.execute("docmanager:new-untitled", {type: "file"})"""
)


async def test_in_the_dark_and_on_a_phone(both: Both) -> None:
    """All is reached there too: nothing sticks out of the panel, and the panel not of the page."""
    ann, bob = await both("narrow.ipynb", ["x = 1", "1 / 0", "input('Go on? ')", SLEEP])
    await bob.person.ask(DARK)
    await ann.person.run_cell(0)
    await ann.person.run_cell(1)
    await ann.person.until_prompts(["[1]:", "[2]:", "[ ]:", "[ ]:"])
    await ann.person.run_cell(2)
    await ann.person.run_cell(3)

    for one in (ann, bob):
        await one.person.page.set_viewport_size({"width": 400, "height": 800})
        await one.person.ask(LEFT)  # JupyterLab's own; there is no place for both
        await expect(one.question()).to_contain_text("Go on?")
        await one.until("Running and waiting", "waits for")
        await one.shoot("narrow")
        await one.person.wait(f"() => ({STICKING_OUT})().length === 0")
    await bob.row("Running and waiting", "Cell 4").get_by_role("button", name="Cancel").click()
    await bob.root.get_by_label("Go on?").fill("yes")
    await bob.root.get_by_role("button", name="Answer").click()
    await bob.until("Running and waiting", "Nothing runs.")
    await bob.person.page.set_viewport_size({"width": 1280, "height": 720})
    await bob.person.ask(LEFT)
    await bob.shoot("dark")


DARK = """() => window.jupyterapp.commands.execute(
    "apputils:change-theme", {theme: "JupyterLab Dark"})"""
LEFT = """() => window.jupyterapp.commands.execute("application:toggle-left-area")"""
STICKING_OUT = """() => {
  const panel = document.getElementById("rtstore-together");
  const { left, right } = panel.getBoundingClientRect();
  const all = [...panel.querySelectorAll("button, input, h3, span, p, label")];
  return all.filter((one) => {
    const at = one.getBoundingClientRect();
    return at.left < Math.max(0, left) || at.right > Math.min(innerWidth, right) + 0.5;
  }).map((one) => one.outerHTML);
}"""


async def test_notebook_7_has_it_too(lab: Lab, arrive: Arrive) -> None:
    lab.write_notebook("seven together.ipynb", ["x = 1"])
    ann, bob = await arrive("ann"), await arrive("bob")
    await ann.open_in_notebook7("seven together.ipynb")
    await bob.open("seven together.ipynb")
    panel = Together(ann)
    await panel.open()

    await expect(panel.other(await name_of(bob))).to_contain_text("Cell 1")
    await expect(panel.row("Kernels", "seven together.ipynb")).to_be_visible()
    await panel.shoot("seven")


async def test_all_works_without_it(browser: Browser, tmp_path: Path) -> None:
    config = tmp_path / "home of ann" / "config" / "labconfig"
    config.mkdir(parents=True)
    off = {"disabledExtensions": {"@rtstore/lab": True}}
    (config / "page_config.json").write_text(json.dumps(off))
    async with running_lab(tmp_path) as lab:
        lab.write_notebook("plain.ipynb", ["x = 6", "x * 7"])
        ann, bob = [await Person.arrive(browser, lab, name) for name in ("ann", "bob")]
        await ann.open("plain.ipynb")
        await bob.open("plain.ipynb")
        await ann.until_kernel()
        await bob.until_kernel()
        await ann.run_cell(0)
        await ann.until_prompts(["[1]:", "[ ]:"])
        await bob.run_cell(1)

        await ann.until_shown(1, "42")
        await bob.until_prompts(["[1]:", "[2]:"])
        assert await ann.dialogs() == await bob.dialogs() == ann.errors == bob.errors == []
        await expect(Together(ann).root).to_have_count(0)
        await expect(Together(ann).run_at(0)).to_have_count(0)
        await ann.leave()
        await bob.leave()
