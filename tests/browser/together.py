"""The panel *Together* of one person's page, and what is drawn at the cells."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Locator, expect

from tests.support.people import SEEN_S, Person

SHOTS = os.environ.get("RTSTORE_TEST_SHOTS", "")
"""A folder for pictures of what the tests saw; '' for none."""

expect.set_options(timeout=SEEN_S * 1000)


class Together:
    """See the module. Open it once the person's page shows a notebook."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.root = person.page.locator("#rtstore-together")

    async def open(self) -> None:
        """Show the panel; JupyterLab's question about its news would stand before it."""
        await self.person.page.add_style_tag(content=".Toastify {display: none}")
        await self.person.ask("() => window.jupyterapp.shell.activateById('rtstore-together')")
        await expect(self.section("Files")).to_be_visible()

    def section(self, title: str) -> Locator:
        """One of its sections."""
        heading = self.person.page.get_by_role("heading", name=title, exact=True)
        return self.root.locator(".rt-Section").filter(has=heading)

    def row(self, title: str, text: str) -> Locator:
        """An entry of a section that says this."""
        return self.section(title).locator(".rt-Row", has_text=text)

    def other(self, name: str) -> Locator:
        """Somebody else in this notebook. Jupyter may call two visitors by one name."""
        rows = self.section("In this notebook").locator(".rt-Row", has_text=name)
        return rows.filter(has_not_text="(you)")

    async def until(self, title: str, *texts: str) -> None:
        """Wait until a section says all of these."""
        for text in texts:
            await expect(self.section(title)).to_contain_text(text)

    def question(self) -> Locator:
        """What a cell asks."""
        return self.root.locator(".rt-Question")

    def file(self, name: str) -> Locator:
        """A file in the tree."""
        return self.root.get_by_role("button", name=name, exact=True)

    def people_at(self, cell: int) -> Locator:
        """Who is in a cell, as drawn there."""
        return self._cell(cell).locator(".rt-CellPeople")

    def run_at(self, cell: int) -> Locator:
        """Who ran a cell, as drawn there."""
        return self._cell(cell).locator(".rt-CellRun")

    def _cell(self, cell: int) -> Locator:
        return self.person.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(cell)

    async def shoot(self, name: str) -> None:
        """A picture of the page, if pictures are asked for."""
        if SHOTS:
            path = Path(SHOTS) / f"{name}-{self.person.name}.png"
            await self.person.page.screenshot(path=path, animations="disabled")
