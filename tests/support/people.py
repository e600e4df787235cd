"""People: each is a private window of Chromium on a stock JupyterLab.

ann = await Person.arrive(browser, lab, "ann")
await ann.open("a.ipynb")
await ann.type("x = 1")
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright

from rtstore.supervisor.slots import WorkerSlot
from tests.support.lab import Lab
from tests.support.tools import program
from tests.support.waiting import until

OPEN_S = 60.0
"""A page opens in 5 s; on a busy machine with two cores it takes longer."""
SEEN_S = 30.0
SLOW = "The document is taking some time to load"
"""JupyterLab's own dialog when that takes 5 s, as it does on a machine that does much else."""

_PAGE_JS = Path(__file__).with_name("page.js")
_NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium; the people in it share no cookies."""
    flags = ["--disable-dev-shm-usage", "--disable-gpu"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium has no sandbox for root
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program("browser"), headless=True, args=flags
        )
        try:
            yield browser
        finally:
            await browser.close()


class Person:
    """One user with one page. Waits are bounded; what they wait for is in the error."""

    def __init__(self, name: str, lab: Lab, context: BrowserContext, page: Page) -> None:
        self.name = name
        self.page = page
        self.path = ""
        self.errors: list[str] = []
        self.written: list[str] = []
        """Paths that this page PUT through the contents API; a shared document is saved over its
        socket."""
        self._lab = lab
        self._context = context
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._note_request)

    @classmethod
    async def arrive(cls, browser: Browser, lab: Lab, name: str) -> Person:
        """A private window; nothing is open yet."""
        context = await browser.new_context()
        await context.add_init_script(path=_PAGE_JS)
        page = await context.new_page()
        page.set_default_timeout(SEEN_S * 1000)
        return cls(name, lab, context, page)

    async def leave(self) -> None:
        """Close the window at once, as a user does."""
        await self._context.close()

    async def open(self, path: str) -> None:
        """Open a document and wait until its room has synced."""
        self.path = path
        # A workspace of one's own, else the second page restores the layout of the first.
        url = f"{self._lab.url}lab/workspaces/{self.name}/tree/{quote(path)}"
        await self.page.goto(f"{url}?token={self._lab.token}&reset", timeout=OPEN_S * 1000)
        await self.until_open(path)

    async def open_in_notebook7(self, path: str) -> None:
        """As `open`, in the Notebook 7 front end."""
        self.path = path
        url = f"{self._lab.url}notebooks/{quote(path)}?token={self._lab.token}"
        await self.page.goto(url, timeout=OPEN_S * 1000)
        await self.until_open(path)

    async def reload(self) -> None:
        """Press F5."""
        await self.page.reload(timeout=OPEN_S * 1000)
        await self.until_open(self.path)

    async def until_open(self, path: str) -> None:
        """Wait until a document is the one that is seen, and its room has synced."""
        await self.wait("path => window.rt.isOpen(path)", path, timeout_s=OPEN_S)
        dialog = self.page.locator(".jp-Dialog", has_text=SLOW)
        for button in await dialog.get_by_role("button", name="Continue waiting").all():
            await button.click()  # it stays when the document is there

    async def ask(self, script: str, argument: object = None) -> Any:
        """What an expression says in the page."""
        return await self.page.evaluate(script, argument)

    async def wait(
        self, script: str, argument: object = None, *, timeout_s: float = SEEN_S
    ) -> None:
        """Wait until an expression is true in the page."""
        await self.page.wait_for_function(
            script, arg=argument, timeout=timeout_s * 1000, polling="raf"
        )

    # What is written

    async def texts(self) -> list[str]:
        """The cells' sources (of a text file: one) in the shared document."""
        told: list[str] = await self.ask("() => window.rt.texts()")
        return told

    async def visible(self, cell: int = 0) -> str:
        """What the editor of a cell shows."""
        lines = await self.editor(cell).locator(".cm-line").all_inner_texts()
        return "\n".join(line.rstrip("\n") for line in lines)

    def editor(self, cell: int = 0) -> Locator:
        """Where one types in a cell."""
        return self.page.locator(f"{_NOTEBOOK} .jp-Cell").nth(cell).locator(".cm-content")

    async def enter(self, cell: int = 0) -> None:
        """Put the cursor at the end of a cell."""
        await self.editor(cell).click()
        await self.page.keyboard.press("Control+End")

    async def type(self, text: str, *, delay_ms: float = 0) -> None:
        """Type where the cursor is."""
        await self.page.keyboard.type(text, delay=delay_ms)

    async def close_dialogs(self, text: str) -> None:
        """From now on, close every dialog of this text before a click, as a user does."""
        dialog = self.page.locator(".jp-Dialog", has_text=text)

        async def close(_shown: Locator) -> None:
            await dialog.locator(".jp-Dialog-footer button").first.click()

        await self.page.add_locator_handler(dialog, close)

    async def until_texts(self, expected: list[str], *, timeout_s: float = SEEN_S) -> None:
        """Wait until the document says exactly this here."""
        try:
            await self.wait(
                "e => JSON.stringify(window.rt.texts()) === JSON.stringify(e)",
                expected,
                timeout_s=timeout_s,
            )
        except Exception as error:
            raise AssertionError(
                f"{self.name} does not see within {timeout_s:g} s what was expected;"
                f"\n sees:     {await self.texts()}\n expected: {expected}"
            ) from error

    async def until_length(self, length: int, *, cell: int = 0, timeout_s: float = SEEN_S) -> None:
        """Wait until a cell has at least so many characters."""
        script = "([cell, length]) => window.rt.texts()[cell].length >= length"
        await self.wait(script, [cell, length], timeout_s=timeout_s)

    async def press_save(self) -> None:
        """Ctrl+S."""
        await self.page.keyboard.press("Control+s")

    # What is run

    async def until_kernel(self) -> None:
        """Wait until the page has its kernel, and it can run."""
        await self.wait("() => window.rt.kernelState() === 'idle'", timeout_s=OPEN_S)

    async def run_cell(self, cell: int) -> None:
        """Select a cell, and press Ctrl+Enter."""
        await self.editor(cell).click()
        await self.page.keyboard.press("Control+Enter")

    async def prompts(self) -> list[str]:
        """What stands before the code cells: ``[1]:``, ``[*]:``, ``[ ]:``."""
        told = await self.page.locator(f"{_NOTEBOOK} .jp-InputPrompt").all_inner_texts()
        return [text.replace("\u00a0", " ") for text in told]

    async def until_prompts(self, expected: list[str], *, timeout_s: float = OPEN_S) -> None:
        """Wait until exactly these prompts stand there."""

        async def look() -> bool:
            return await self.prompts() == expected

        try:
            await until(look, what=f"prompts {expected}", timeout_s=timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}; sees {await self.prompts()}") from None

    async def shown(self, cell: int) -> str:
        """The text below a cell, as one reads it."""
        cells = self.page.locator(f"{_NOTEBOOK} .jp-Cell")
        texts = cells.nth(cell).locator(".jp-OutputArea-output")
        return "\n".join(text.strip("\n") for text in await texts.all_inner_texts())

    async def until_shown(self, cell: int, text: str, *, timeout_s: float = OPEN_S) -> None:
        """Wait until this is part of the text below a cell."""

        async def look() -> bool:
            return text in await self.shown(cell)

        try:
            await until(look, what=f"cell {cell} shows {text!r}", timeout_s=timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}; {await self.shown(cell)!r}") from None

    async def answer(self, value: str) -> None:
        """Follow the link of a cell that asks, answer there, and close that page."""
        async with self._context.expect_page() as opening:
            await self.page.locator(f"{_NOTEBOOK} .jp-OutputArea-output a").click()
        page = await opening.value
        await page.locator("input[name=value]").fill(value)
        await page.locator("button").click()
        await page.get_by_text("The cell goes on").wait_for()
        await page.close()

    async def kernel_id(self) -> str:
        """The kernel of the notebook, as this page has it."""
        return str(await self.ask("() => window.rt.session()?.kernel?.id"))

    async def sessions(self) -> list[dict[str, Any]]:
        """All sessions of the Jupyter server."""
        url = f"{self._lab.url}api/sessions"
        told: list[dict[str, Any]] = await self.ask(
            "async (url) => await (await fetch(url)).json()", url
        )
        return told

    async def set_kernel_mode(self, id: str, mode: str) -> int:
        """Have one kernel for all, or one each; the status of the answer."""
        script = """async ([url, mode]) => (await fetch(url, {method: "PUT",
            headers: {"X-XSRFToken": document.cookie.match("_xsrf=([^;]*)")[1]},
            body: JSON.stringify({mode})})).status"""
        url = f"{self._lab.url}rtstore/kernel-mode/{id}"
        return int(await self.ask(script, [url, mode]))

    async def restart_kernel(self) -> None:
        """Restart it, and say yes."""
        await self.ask("() => { window.rt.panel().sessionContext.session.kernel.restart(); }")

    # Who is there

    async def user(self) -> dict[str, Any]:
        """Who one is oneself, as the others are told."""
        told: dict[str, Any] = await self.ask("() => window.rt.awareness().getLocalState().user")
        return told

    async def others(self) -> list[dict[str, Any]]:
        """The users of the other clients in this document."""
        told = await self.ask("() => window.rt.others().map((state) => state.user)")
        return [user for user in told if user]

    async def until_others(self, names: list[str], *, timeout_s: float = SEEN_S) -> None:
        """Wait until exactly these are the others in this document."""
        script = """names => JSON.stringify(window.rt.others()
            .map((state) => state.user?.display_name).sort()) === JSON.stringify(names)"""
        try:
            await self.wait(script, sorted(names), timeout_s=timeout_s)
        except Exception as error:
            seen = [user.get("display_name") for user in await self.others()]
            raise AssertionError(f"{self.name} sees {seen}, not {names}") from error

    async def until_with(self, other: Person) -> None:
        """Wait until the page that the other has now is the only other one in this document."""
        script = """id => {
            const others = [...window.rt.awareness().getStates()]
                .filter(([client]) => client !== window.rt.awareness().clientID);
            return others.length === 1 && others[0][0] === id && Boolean(others[0][1].user);
        }"""
        await self.wait(script, await other.client_id())

    async def open_collaborators(self) -> None:
        """Open the side panel that lists who else is in this Jupyter server."""
        await self.ask("() => window.jupyterapp.shell.activateById('jp-collaboration-panel')")

    def collaborators(self) -> Locator:
        """The entries of that list."""
        return self.page.locator(".jp-CollaboratorsList .jp-Collaborator")

    def remote_cursors(self) -> Locator:
        """The cursors of others in the notebook."""
        return self.page.locator(f"{_NOTEBOOK} .jp-remote-cursor")

    def cursor_flag(self, name: str) -> Locator:
        """The flag with a name at a remote cursor; it fades, but stays, when that one rests."""
        return self.page.locator(".jp-remote-userFlag-name", has_text=name)

    # What must not be seen, and who serves

    async def dialogs(self) -> list[str]:
        """The text of every dialog that came up since the page was loaded, but for SLOW."""
        told: list[str] = await self.ask("() => window.rt.dialogs")
        return [text for text in told if SLOW not in text]

    async def client_id(self) -> int:
        """The Yjs client id of this page."""
        return int(await self.ask("() => window.rt.awareness().clientID"))

    async def worker(self) -> WorkerSlot:
        """The worker that serves this page's room, as the store knows it."""
        client = str(await self.client_id())

        async def look() -> WorkerSlot | None:
            fields = await self._lab.who(self.path)
            serving = {
                f.rpartition(".")[0] for f, who in fields.items() if client in who["clients"]
            }
            return next((w for w in self._lab.workers() if w.worker in serving), None)

        found = await until(look, what=f"{self.name} is known to a living worker")
        assert found is not None
        return found

    def _note_request(self, request: Any) -> None:
        if request.method == "PUT" and "/api/contents/" in request.url:
            self.written.append(request.url.partition("/api/contents/")[2].partition("?")[0])


async def seat_apart(ann: Person, bob: Person) -> None:
    """See to it that two people in one document are served by two workers."""
    for _ in range(12):
        if (await ann.worker()).worker != (await bob.worker()).worker:
            return
        await bob.reload()
    raise AssertionError("all sockets of this room go to one worker")
