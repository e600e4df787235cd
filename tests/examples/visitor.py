"""Visitors: each is a private window of Chromium on a page of an example."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.supervisor.slots import WorkerSlot
from tests.support.lab import Lab
from tests.support.waiting import until

OPEN_S = 60.0
SEEN_S = 30.0
WIDE = (1280, 860)

expect.set_options(timeout=SEEN_S * 1000)


class Visitor:
    """One user with one page. `document` is what the page has open, as the store names it."""

    def __init__(self, name: str, lab: Lab, context: BrowserContext, page: Page) -> None:
        self.name = name
        self.page = page
        self.errors: list[str] = []
        self.document: DocumentKeys | None = None
        self._lab = lab
        self._context = context
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def arrive(
        cls,
        browser: Browser,
        lab: Lab,
        name: str,
        *,
        scheme: Literal["light", "dark"] = "light",
        size: tuple[int, int] = WIDE,
    ) -> Visitor:
        """A private window; nothing is open yet."""
        context = await browser.new_context(
            color_scheme=scheme, viewport={"width": size[0], "height": size[1]}
        )
        page = await context.new_page()
        page.set_default_timeout(SEEN_S * 1000)
        return cls(name, lab, context, page)

    async def leave(self) -> None:
        """Close the window at once, as a user does."""
        await self._context.close()

    async def open(self, url: str, **query: str) -> None:
        """Open an example's page with the lab's token, and wait until it is connected."""
        words = {"token": self._lab.token, "name": self.name, **query}
        asked = "&".join(f"{key}={quote(value)}" for key, value in words.items())
        await self.page.goto(f"{url}?{asked}", timeout=OPEN_S * 1000)
        await self.until_badge("saved", timeout_s=OPEN_S)
        if "path" in query:
            self.document = await self._lab.document(query["path"])
        else:
            self.document = Keys().document(f"app.{query['list']}")

    async def until_badge(self, state: str, *, timeout_s: float = SEEN_S) -> None:
        """Wait until the page says this of its connection."""
        badge = self.page.locator(".badge")
        await expect(badge).to_have_attribute("data-state", state, timeout=timeout_s * 1000)

    async def ask(self, script: str, argument: object = None) -> Any:
        """What an expression says in the page."""
        return await self.page.evaluate(script, argument)

    def face(self, name: str) -> Locator:
        """Who else is here, in the page's bar."""
        return self.page.locator(".people .face", has_text=name)

    async def worker(self) -> WorkerSlot:
        """The worker that serves this page's document, as the store knows it."""
        script = "async () => (await (await fetch('/api/me')).json()).identity.username"
        username = await self.ask(script)
        assert self.document is not None
        who = self.document.who

        async def look() -> WorkerSlot | None:
            async with self._lab.redis() as redis:
                told = await redis.hgetall(who)
            fields = [field for field, one in told.items() if username in one]
            if len(fields) != 1:  # a page that was loaded again: who served it before may be there
                return None
            serving = fields[0].rpartition(".")[0]
            return next((w for w in self._lab.workers() if w.worker == serving), None)

        found = await until(look, what=f"{self.name} is known to a living worker")
        assert found is not None
        return found

    async def time_keys(self) -> None:
        """From now on note when keys go down."""
        await self.ask(
            """() => { window.pressed = []; document.addEventListener('keydown', (event) =>
               window.pressed.push(performance.timeOrigin + event.timeStamp), true); }"""
        )

    async def time_text(self, selector: str) -> None:
        """From now on note since when the text of an element is so long."""
        await self.ask(
            """(selector) => {
              const element = document.querySelector(selector);
              window.grown = [];
              new MutationObserver(() => window.grown.push(
                [element.textContent.length, performance.timeOrigin + performance.now()]
              )).observe(element, {childList: true, subtree: true, characterData: true});
            }""",
            selector,
        )


class Writer:
    """What a visitor does in the notebook page."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page

    def cell(self, cell: str) -> Locator:
        """A cell, by its id."""
        return self.page.locator(f'[data-cell="{cell}"]')

    def text(self, cell: str) -> Locator:
        """Where one types in it."""
        return self.cell(cell).locator(".cm-content")

    async def enter(self, cell: str) -> None:
        """Put the cursor at the end of a cell."""
        await self.text(cell).click()
        await self.page.keyboard.press("Control+End")

    async def type(self, text: str, *, delay_ms: float = 0) -> None:
        """Type where the cursor is."""
        await self.page.keyboard.type(text, delay=delay_ms)

    async def until_source(self, cell: str, text: str, *, timeout_s: float = SEEN_S) -> None:
        """Wait until the editor of a cell has exactly this one line."""
        line = self.text(cell).locator(".cm-line")
        await expect(line).to_have_text(text, timeout=timeout_s * 1000)

    async def until_output(self, cell: str, text: str, *, timeout_s: float = OPEN_S) -> None:
        """Wait until this is in the output of a cell."""
        outputs = self.cell(cell).locator(".outputs")
        await expect(outputs).to_contain_text(text, timeout=timeout_s * 1000)

    async def choose_kernel(self, choice: str) -> None:
        """Choose something of the kernel's menu."""
        await self.page.get_by_role("button", name="Kernel:").click()
        await self.page.locator(".choices").get_by_role("button", name=choice).click()


async def seat_apart(ann: Visitor, bob: Visitor) -> None:
    """See to it that two visitors of one document are served by two workers."""
    for _ in range(12):
        if (await ann.worker()).worker != (await bob.worker()).worker:
            return
        await bob.page.reload(timeout=OPEN_S * 1000)
        await bob.until_badge("saved", timeout_s=OPEN_S)
    raise AssertionError("all sockets of this room go to one worker")
