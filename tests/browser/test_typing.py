from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.browser.conftest import Meet
from tests.support.lab import Lab
from tests.support.people import SEEN_S, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SENTENCE = ("the quick brown fox jumps over the lazy dog and goes on " * 4)[:200]
P50_MS_MAX = 60.0
"""The goal is 15 ms, and what is measured is printed. A machine that runs other things beside
two pages of JupyterLab needs several times that; a path that polls anything is above it."""
KEYS = 100


@pytest.mark.alone
async def test_two_hundred_characters_reach_the_other_and_the_file(
    lab: Lab, meet: Meet, measured: Callable[[str], None], tmp_path: Path
) -> None:
    ann, bob = await meet("typing.ipynb", [""])
    await ann.enter()
    await ann.ask("() => window.rt.timeKeys()")
    await bob.ask("() => window.rt.timeChanges(0)")

    await ann.type(SENTENCE, delay_ms=20)

    await bob.until_texts([SENTENCE])
    assert await ann.texts() == [SENTENCE]
    assert await bob.visible() == SENTENCE
    await lab.until_saved("typing.ipynb", [SENTENCE])

    took_ms = await latencies_ms(ann, bob)
    p50, p95 = median(took_ms), quantiles(took_ms, n=20)[-1]
    (tmp_path / "latency.json").write_text(json.dumps({"p50_ms": p50, "p95_ms": p95}))
    measured(
        f"a key pressed to text in the other page, two workers: p50 {p50:.1f} ms, p95 {p95:.1f} ms"
    )
    assert p50 < P50_MS_MAX


@pytest.mark.alone
async def test_a_single_key_reaches_the_other_page_in_milliseconds(
    meet: Meet, measured: Callable[[str], None]
) -> None:
    ann, bob = await meet("keys.ipynb", [""])
    await ann.enter()
    await ann.ask("() => { window.rt.timeKeys(); window.rt.timeChanges(0); }")
    await bob.ask("() => window.rt.timeChanges(0)")

    for number in range(KEYS):  # the next one when the other page has this one
        async with asyncio.timeout(SEEN_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(bob.ask("length => window.rt.becomes(0, length)", number + 1))
            tasks.create_task(ann.type("x"))

    took_ms = await latencies_ms(ann, bob)
    between_ms = [
        seen - sent for sent, seen in zip(await grown(ann), await grown(bob), strict=True)
    ]
    p50, p95 = median(took_ms), quantiles(took_ms, n=20)[-1]
    measured(
        f"one key at a time to text in the other page, two workers: p50 {p50:.1f} ms,"
        f" p95 {p95:.1f} ms; from document to document p50 {median(between_ms):.1f} ms"
    )
    assert p50 < P50_MS_MAX


async def test_each_sees_the_cursor_and_the_name_of_the_other(meet: Meet) -> None:
    ann, bob = await meet("cursors.ipynb", ["first = 1", "second = 2"])
    await ann.enter(0)
    await bob.enter(1)

    for one, other in ((ann, bob), (bob, ann)):
        await one.remote_cursors().first.wait_for()
        await one.cursor_flag((await other.user())["display_name"]).wait_for()


async def test_what_both_type_in_one_cell_at_once_is_there_once(lab: Lab, meet: Meet) -> None:
    ann, bob = await meet("both.ipynb", [""])
    await ann.enter()
    await bob.enter()

    async with asyncio.TaskGroup() as group:
        group.create_task(ann.type("a" * 50, delay_ms=15))
        group.create_task(bob.type("b" * 50, delay_ms=15))

    await ann.until_length(100)
    (text,) = await ann.texts()
    await bob.until_texts([text])
    assert sorted(text) == ["a"] * 50 + ["b"] * 50
    await lab.until_saved("both.ipynb", [text])


async def latencies_ms(ann: Person, bob: Person) -> list[float]:
    """Of each key that Ann pressed: when it went down until Bob's page had that many letters."""
    pressed: list[float] = await ann.ask("() => window.rt.keys")
    seen = await grown(bob)
    assert len(pressed) == len(seen)
    return [after - before for before, after in zip(pressed, seen, strict=True)]


async def grown(person: Person) -> list[float]:
    """Since when the first cell has one letter, two, three … in this page's document."""
    changes: list[tuple[int, float]] = await person.ask("() => window.rt.changes")
    seen: list[float] = []
    for length, at in changes:
        seen += [at] * (length - len(seen))
    return seen
