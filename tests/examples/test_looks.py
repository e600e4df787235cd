"""How the examples look: nothing is cut off, and pictures of it where RTSTORE_SCREENSHOTS says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from tests.examples.conftest import Arrive
from tests.examples.visitor import WIDE, Visitor, Writer
from tests.support.lab import Lab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

PHONE = (390, 780)
TITLE = """# Rain on the roof

How much water does a day of rain bring? The volume on an area $A$ is

$$V = A \\int_0^T r(t)\\,dt$$

where `rate` is in **mm/h**. Ten readings are enough to see the shower pass."""
CODE = {
    "total": """import numpy as np

rate = np.array([0, 1.2, 3.1, 4.8, 6.0, 5.1, 2.2, 0.9, 0.3, 0])
print(f"{rate.sum():.1f} mm in {len(rate)} hours")""",
    "chart": """import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 2.2))
ax.bar(range(len(rate)), rate, color="#2a6f5e")
ax.set(xlabel="hour", ylabel="mm/h")
plt.show()""",
    "table": """from IPython.display import HTML

rows = [f"<tr><th>{h}:00</th><td>{mm}</td><td>{mm * 84:.0f}</td></tr>"
        for h, mm in enumerate(rate[1:5], 1)]
HTML("<table><thead><tr><th></th><th>mm</th><th>litres</th></tr></thead>"
     f"<tbody>{''.join(rows)}</tbody></table>")""",
    "count": """import time

for hour in range(600):
    print("hour", hour)
    time.sleep(1)""",
    "wind": "rate.mean() / wind  # nobody measured that",
}


def write_report(lab: Lab, path: str) -> None:
    more: dict[str, Any] = {
        "metadata": {},
        "cell_type": "code",
        "execution_count": None,
        "outputs": [],
    }
    cells: list[dict[str, Any]] = [
        {"id": "title", "cell_type": "markdown", "metadata": {}, "source": TITLE}
    ]
    cells += [{"id": cell, "source": source, **more} for cell, source in CODE.items()]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    told = {"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}
    (lab.notes / path).write_text(json.dumps(told))


async def shoot(visitor: Visitor, name: str, *, at: str = "") -> None:
    """Nothing is wider than the window; with RTSTORE_SCREENSHOTS, a picture of it."""
    script = "() => document.documentElement.scrollWidth - innerWidth"
    assert await visitor.ask(script) <= 0, f"{name} is wider than its window"
    if at:
        await visitor.ask("(at) => document.querySelector(at).scrollIntoView()", at)
        await visitor.ask("() => scrollBy(0, -110)")
    if folder := os.environ.get("RTSTORE_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        await visitor.page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_notebook_page_with_two_people_in_it(
    lab: Lab, arrive: Arrive, notebook_url: str, scheme: Literal["light", "dark"]
) -> None:
    path = f"rain {scheme}.ipynb"
    write_report(lab, path)
    for folder in ("archive", "measured"):
        (lab.notes / folder).mkdir(exist_ok=True)
    ann = Writer(await arrive("Ann Lee", scheme=scheme, size=WIDE))
    bob = Writer(await arrive("Bob Stone", scheme=scheme, size=PHONE))
    for one in (ann, bob):
        await one.visitor.open(notebook_url, path=path)
    await expect(ann.page.locator(".katex-display")).to_be_visible()
    await ann.enter("total")
    await ann.page.get_by_role("button", name="Run all").click()
    await expect(bob.cell("chart").locator("img")).to_be_visible(timeout=120_000)
    await bob.until_output("count", "hour 1")
    await bob.text("total").click()
    await bob.page.keyboard.press("Control+Home")
    await bob.page.keyboard.press("Shift+End")
    await ann.enter("total")
    await ann.type("  # a wet one")
    await expect(ann.cell("total").locator(".remote-selection")).to_be_visible()

    await shoot(ann.visitor, f"notebook-{scheme}")
    await shoot(bob.visitor, f"notebook-phone-{scheme}")
    await shoot(ann.visitor, f"notebook-outputs-{scheme}", at='[data-cell="table"]')
    await shoot(bob.visitor, f"notebook-phone-outputs-{scheme}", at='[data-cell="table"]')
    await ann.page.get_by_role("button", name="Kernel:").click()
    await bob.page.get_by_role("button", name="Files", exact=True).click()
    await shoot(ann.visitor, f"notebook-kernel-{scheme}")
    await shoot(bob.visitor, f"notebook-phone-files-{scheme}")
    await ann.page.locator(".choices").get_by_role("button", name="Interrupt").click()
    await ann.until_output("count", "KeyboardInterrupt")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_todo_list_and_the_way_in(
    arrive: Arrive, todo_url: str, scheme: Literal["light", "dark"]
) -> None:
    ann = await arrive("Ann Lee", scheme=scheme, size=WIDE)
    bob = await arrive("Bob Stone", scheme=scheme, size=PHONE)
    await bob.page.goto(todo_url)
    await bob.page.get_by_role("button", name="Connect").wait_for()
    await shoot(bob, f"todo-way-in-{scheme}")
    for one in (ann, bob):
        await one.open(todo_url, list=f"{scheme}-garden")
    for text in ("Mend the gutter", "Read the rain gauge", "Ask Bob for the ladder", "x" * 90):
        await ann.page.get_by_label("What is to be done").fill(text)
        await ann.page.keyboard.press("Enter")
    await bob.page.get_by_label("Read the rain gauge", exact=True).check()
    await expect(ann.page.locator(".problems li")).to_be_visible()
    await shoot(ann, f"todo-{scheme}")
    await shoot(bob, f"todo-phone-{scheme}")
