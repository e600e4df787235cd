"""What can happen to the store itself while people type."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from tests.faults.checker import Tally
from tests.faults.laboratory import PATIENCE_S, Laboratory
from tests.faults.typist import Typist
from tests.support.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
Measured = Callable[[str], None]
FILL = "for i = 1, 5000 do redis.call('HSET', KEYS[1], ARGV[1] .. ':' .. i, i) end"
LIMIT = "client-output-buffer-limit"
KILLS = int(os.environ.get("RTSTORE_KILLS", "3"))
NOTE = 'note {"type": "filler", "pad": "' + "x" * 16_000 + '"}'


async def test_killed_and_started_again(here: Laboratory, measured: Measured) -> None:
    async with here.people("killed.ipynb") as people:
        here.store.kill()
        people.vanish(people.typists[0])  # what only it had typed is in the store, or not acked
        await here.store.start()
        await people.until_typed(5)
    measured(f"store killed: all as it must be after {people.healed_s:.1f} s")


@pytest.mark.timeout(120 + 15 * KILLS)
async def test_killed_again_and_again(here: Laboratory, measured: Measured) -> None:
    tally = Tally()
    for numbers in here.batches(KILLS):
        async with here.people(f"killed often {numbers.start}.ipynb") as people:
            for number in numbers:
                await people.until_typed(here.rng.randint(1, 5))
                here.store.kill()
                vanishes = number % 5 == 1
                if vanishes:  # what it typed is in the store, or was not acknowledged
                    people.vanish(here.rng.choice(people.typists))
                await here.store.start()
                if vanishes:
                    await people.come()
            await people.until_typed(5)
        tally += people.tally
    measured(f"store killed {KILLS} times: {tally}")


async def test_away_for_a_while(here: Laboratory, measured: Measured) -> None:
    async with here.people("away.ipynb") as people:
        here.store.kill()
        before = {typist: len(typist.words) for typist in people.typists}
        await until(lambda: _all_typed_on(before), what="they type on", timeout_s=PATIENCE_S)
        assert all(typist.acked <= words for typist, words in before.items())
        await here.store.start()
    measured(f"store away: all as it must be after {people.healed_s:.1f} s")


async def test_all_of_it_is_lost(here: Laboratory, measured: Measured) -> None:
    async with here.people("wiped.ipynb") as people:
        here.store.kill()
        here.store.wipe()
        await here.store.start()
        await people.until_typed(5)
    measured(f"store wiped: all as it must be after {people.healed_s:.1f} s")


async def test_the_end_of_it_is_lost(here: Laboratory, measured: Measured) -> None:
    async with here.people("cut short.ipynb") as people:
        here.store.kill()
        _cut(here.store.data, 2048)
        await here.store.start()
        await people.until_typed(5)
    measured(f"2 kB lost: all as it must be after {people.healed_s:.1f} s")


async def test_it_is_cut_off_in_a_compaction(here: Laboratory, measured: Measured) -> None:
    async with here.people("half compacted.ipynb") as people:
        await people.compact()
        here.store.kill()
        _cut_at(here.store.data, b"XTRIM")  # after the snapshot, within its transaction
        await here.store.start()
        await people.until_typed(5)
    measured(f"cut off in a compaction: all as it must be after {people.healed_s:.1f} s")


@pytest.mark.parametrize("what", ["log", "meta", "snap"])
async def test_somebody_deletes_a_key(here: Laboratory, what: str, measured: Measured) -> None:
    async with here.people(f"no {what}.ipynb") as people, here.store.client() as redis:
        document = await here.lab.document(people.path)
        if what == "snap":
            await people.compact()
        assert await redis.delete(getattr(document, what)) == 1
        await people.until_typed(5)
    measured(f"{what} deleted: all as it must be after {people.healed_s:.1f} s")


async def test_what_says_what_it_is_is_deleted_and_nobody_keeps_it(
    here: Laboratory, measured: Measured
) -> None:
    async with here.people("unknown.ipynb") as people, here.store.client() as redis:
        slot = await here.keeper(people.path)
        document = await here.lab.document(people.path)
        await here.kill(slot)
        await redis.delete(document.meta)
        await people.come()
        await people.until_typed(5)
        await here.keeper(people.path)
    measured(f"meta deleted, keeper killed: all as it must be after {people.healed_s:.1f} s")


async def test_somebody_flushes_all(here: Laboratory, measured: Measured) -> None:
    async with here.people("flushed.ipynb") as people, here.store.client() as redis:
        await redis.flushall()
        await people.until_typed(5)
    measured(f"all flushed: all as it must be after {people.healed_s:.1f} s")


async def test_somebody_flushes_all_and_somebody_comes(
    here: Laboratory, measured: Measured
) -> None:
    async with here.people("flushed, visited.ipynb") as people, here.store.client() as redis:
        before = await here.lab.document(people.path)
        for typist in people.typists:
            await typist.stop()
        await redis.flushall()
        await people.come()
        assert await here.lab.document(people.path) == before
        people.go_on()
        await people.until_typed(5)
    measured(f"all flushed, one came: all as it must be after {people.healed_s:.1f} s")


async def test_scripts_are_forgotten(here: Laboratory) -> None:
    async with here.people("scripts.ipynb") as people, here.store.client() as redis:
        for _ in range(20):
            await redis.script_flush()
            await people.until_typed(1)


@pytest.mark.parametrize("mode", ["WRITE", "ALL"])
async def test_paused(here: Laboratory, mode: str) -> None:
    async with here.people(f"paused {mode}.ipynb") as people, here.store.client() as redis:
        await redis.client_pause(5000, all=mode == "ALL")
        await people.until_typed(5)


async def test_full(here: Laboratory, measured: Measured) -> None:
    async with here.people("full.ipynb") as people, here.store.client() as redis:
        await redis.config_set("maxmemory", 1)
        before = {typist: len(typist.words) for typist in people.typists}
        await until(lambda: _all_typed_on(before), what="they type on", timeout_s=PATIENCE_S)
        assert all(typist.acked <= words for typist, words in before.items())
        await redis.config_set("maxmemory", 0)
    measured(f"store full: all as it must be after {people.healed_s:.1f} s")


async def test_it_can_not_write_to_its_disk(here: Laboratory, measured: Measured) -> None:
    async with here.people("no disk.ipynb") as people, here.store.client() as redis:
        in_the_way = here.store.data / "dump.rdb"
        in_the_way.mkdir()
        await redis.config_set("save", "1 1")  # to which no snapshot can be renamed

        async def refuses() -> bool:
            try:
                await redis.hset("of nobody", "a", "b")
            except ResponseError as error:
                return "MISCONF" in str(error)
            return False

        await until(refuses, what="it takes nothing", timeout_s=PATIENCE_S)
        before = {typist: (len(typist.words), typist.acked) for typist in people.typists}
        words = {typist: count for typist, (count, _) in before.items()}
        await until(lambda: _all_typed_on(words), what="they type on", timeout_s=PATIENCE_S)
        assert await refuses()
        assert all(typist.acked <= count for typist, (count, _) in before.items())
        in_the_way.rmdir()
        await redis.config_set("save", "")
        await redis.delete("of nobody")
        await people.until_typed(5)
    measured(f"no disk: all as it must be after {people.healed_s:.1f} s")


async def _all_typed_on(before: Mapping[Typist, int]) -> bool:
    return all(len(typist.words) > words for typist, words in before.items())


async def test_a_script_that_never_ends(here: Laboratory) -> None:
    async with here.people("busy.ipynb") as people, here.store.client() as redis:
        await redis.config_set("busy-reply-threshold", 50)
        async with here.store.client() as other:
            endless = asyncio.ensure_future(other.eval("while true do end", 0))

            async def is_busy() -> bool:
                try:
                    await redis.ping()
                except Exception as error:
                    return "BUSY" in str(error)
                return False

            await until(is_busy, what="the store is busy")
            await redis.script_kill()
            with pytest.raises(Exception, match="killed"):
                await endless
        await people.until_typed(5)
        await redis.config_set("busy-reply-threshold", 5000)


async def test_a_password_is_set_and_taken_back(here: Laboratory) -> None:
    async with here.people("password.ipynb") as people, here.store.client() as redis:
        await redis.config_set("requirepass", "secret")
        await redis.client_kill_filter(_type="normal", skipme=True)
        before = {typist: len(typist.words) for typist in people.typists}
        await until(lambda: _all_typed_on(before), what="they type on", timeout_s=PATIENCE_S)
        await redis.config_set("requirepass", "")


async def test_it_takes_long_to_load(here: Laboratory, measured: Measured) -> None:
    async with here.people("loading.ipynb") as people:
        async with here.store.client() as redis:
            for part in range(10):
                await redis.eval(FILL, 1, "filler", part)
        here.store.kill()
        starting = asyncio.ensure_future(here.store.start(key_load_delay="500"))  # µs each
        await until(lambda: _is_loading(here), what="it loads", poll_s=0.001)
        async with here.store.client() as redis:
            await redis.config_set("key-load-delay", 0)
        await starting
        await people.until_typed(5)
        async with here.store.client() as redis:
            await redis.unlink("filler")
    measured(f"store loaded 50,000 fields slowly: as it must be after {people.healed_s:.1f} s")


async def _is_loading(here: Laboratory) -> bool:
    async with here.store.client() as redis:
        try:
            await redis.get("loading?")
        except BusyLoadingError:
            return True
        except (RedisError, OSError):
            return False
    raise AssertionError("it was loaded before anybody asked")


async def test_it_drops_a_worker_that_reads_nothing(here: Laboratory, measured: Measured) -> None:
    async with here.people("dropped.ipynb") as people, here.store.client() as redis:
        slot = here.workers()[0]
        feed, document = f"rtstore:{slot.worker}:feed", await here.lab.document(people.path)
        limit = str((await redis.config_get(LIMIT))[LIMIT])
        await redis.config_set(LIMIT, "pubsub 65536 65536 1")
        process = here.process(slot)
        process.suspend()
        try:

            async def is_dropped() -> bool:
                await redis.spublish(document.feed, NOTE)
                return all(client["name"] != feed for client in await redis.client_list())

            await until(is_dropped, what="the store drops it", timeout_s=PATIENCE_S, poll_s=0.001)
            await people.until_typed(5, but=people.typists[slot.slot])
        finally:
            process.resume()
            await redis.config_set(LIMIT, limit)
        await people.until_typed(3)
    measured(f"feed of a standing worker dropped: as it must be after {people.healed_s:.1f} s")


def _cut(data: Path, size: int) -> None:
    """Cut the end off the newest append-only file."""
    newest = _newest(data)
    os.truncate(newest, max(newest.stat().st_size - size, 0))


def _cut_at(data: Path, word: bytes) -> None:
    """Cut it in the middle of a command's name."""
    newest = _newest(data)
    at = newest.read_bytes().rindex(word)
    os.truncate(newest, at + len(word) // 2)


def _newest(data: Path) -> Path:
    return max(data.glob("appendonlydir/*.incr.aof"), key=lambda path: path.stat().st_mtime)
