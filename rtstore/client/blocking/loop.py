"""Loop: the background thread on which a blocking client's documents live."""

from __future__ import annotations

import asyncio
import atexit
import math
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from contextlib import AbstractContextManager as Manager
from queue import SimpleQueue
from time import monotonic
from typing import Generic, Protocol, TypeVar

from rtstore.client.changes import Changes

T = TypeVar("T")
Job = Callable[[], None]
_END = object()


class Changing(Protocol):
    """What can be waited for."""

    @property
    def news(self) -> Changes:
        """Told at each change."""

    def check(self) -> None:
        """Raises the error for which there will be no more."""


class Loop:
    """One event loop in a thread of its own; any thread may use it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="rtstore-client", daemon=True)
        self._thread.start()
        self._holder: tuple[int, SimpleQueue[Job | None]] | None = None

    def _run(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    def stop(self) -> None:
        """End the thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def call(self, function: Callable[[], T]) -> T:
        """What `function` returns, called on the loop."""
        if threading.current_thread() is self._thread:
            return function()
        told: Future[T] = Future()

        def job() -> None:
            try:
                told.set_result(function())
            except BaseException as error:
                told.set_exception(error)

        holder = self._holder
        if holder is not None and holder[0] == threading.get_ident():
            holder[1].put(job)
        else:
            self._check()
            self._loop.call_soon_threadsafe(job)
        return told.result()

    def wait(self, awaited: Awaitable[T], timeout: float | None = None) -> T:
        """What `awaited` returns, awaited on the loop. Raises TimeoutError."""
        try:
            self._check(waits=True)
        except RuntimeError:
            if isinstance(awaited, Coroutine):
                awaited.close()
            raise

        async def bounded() -> T:
            async with asyncio.timeout(timeout):
                return await awaited

        future = asyncio.run_coroutine_threadsafe(bounded(), self._loop)
        try:
            return future.result()
        except BaseException:  # Ctrl+C, among others
            future.cancel()
            raise

    def _check(self, *, waits: bool = False) -> None:
        if self._loop.is_closed():
            raise RuntimeError("the server was closed")
        is_held = self._holder is not None and self._holder[0] == threading.get_ident()
        if waits and (is_held or threading.current_thread() is self._thread):
            raise RuntimeError("nothing can be waited for inside a transaction")

    def until(self, subject: Changing, met: Callable[[], bool], timeout: float | None) -> None:
        """Return once `met()` is true; it is called in this thread. Raises TimeoutError."""
        end = monotonic() + (math.inf if timeout is None else timeout)
        while True:
            count = self.call(lambda: subject.news.count)
            if met():
                return
            self.call(subject.check)
            left = None if timeout is None else max(end - monotonic(), 0)
            self.wait(subject.news.after(count), left)

    def each(self, made: Callable[[], AsyncIterator[T]], timeout: float | None) -> Iterator[T]:
        """What the iterator gives from now on. TimeoutError if nothing comes for so long."""
        return self._each(self.call(made), timeout)

    def _each(self, source: AsyncIterator[T], timeout: float | None) -> Iterator[T]:
        while True:
            found = self.wait(anext(source, _END), timeout)
            if found is _END:
                return
            yield found  # type: ignore[misc] # it is a T

    @contextmanager
    def holding(self, manager: Callable[[], Manager[None]]) -> Iterator[None]:
        """Within the manager, and the loop does nothing but what this thread calls."""
        if self._holder is not None and self._holder[0] == threading.get_ident():
            inner = self.call(manager)
            self.call(inner.__enter__)
            try:
                yield
            finally:
                self.call(lambda: inner.__exit__(None, None, None))
            return
        self._check(waits=True)
        jobs: SimpleQueue[Job | None] = SimpleQueue()
        entered: Future[None] = Future()
        left: Future[None] = Future()

        def hold() -> None:
            try:
                with manager():
                    entered.set_result(None)
                    while (job := jobs.get()) is not None:
                        job()
            except BaseException as error:
                (left if entered.done() else entered).set_exception(error)
            else:
                left.set_result(None)

        self._loop.call_soon_threadsafe(hold)
        entered.result()
        self._holder = (threading.get_ident(), jobs)
        try:
            yield
        finally:
            self._holder = None
            jobs.put(None)
            left.result()


class Held(Generic[T]):
    """An async context manager that a task of the loop has entered, until `release`."""

    def __init__(
        self, loop: Loop, manager: AbstractAsyncContextManager[T], timeout: float | None = None
    ) -> None:
        self._loop, self._leave = loop, asyncio.Event()
        self._is_abandoned = self.is_released = False
        opened: Future[T] = Future()
        running = loop._loop  # noqa: SLF001 -- the other half of one thing
        loop._check(waits=True)  # noqa: SLF001
        self._task = asyncio.run_coroutine_threadsafe(
            self._hold(manager, opened, timeout), running
        )
        try:
            self.value = opened.result()
        except BaseException:
            self._task.cancel()
            raise
        atexit.register(self.release)

    async def _hold(
        self, manager: AbstractAsyncContextManager[T], opened: Future[T], timeout: float | None
    ) -> None:
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(timeout):
                    value = await stack.enter_async_context(manager)
                opened.set_result(value)
                await self._leave.wait()
                if self._is_abandoned:
                    raise _Abandoned  # noqa: TRY301 -- as the body would have
        except _Abandoned:
            return
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def release(self, *, is_abandoned: bool = False) -> None:
        """Leave it. Raises what leaving raises, unless the body of a ``with`` failed."""
        if self.is_released:
            return
        self.is_released, self._is_abandoned = True, is_abandoned
        atexit.unregister(self.release)
        self._loop.call(self._leave.set)
        if is_abandoned:
            with suppress(Exception):
                self._task.result()
        else:
            self._task.result()


class _Abandoned(Exception):
    """The body of the ``with`` raised."""
