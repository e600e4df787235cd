"""Kernels: says in the store which kernels this Jupyter server has, and who does what to them."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from rtstore.errors import RTStoreError, StoreRefused, StoreUnavailable
from rtstore.jupyter import culling, launches, provisioner, remote_kernels
from rtstore.redis_backend.kernel_index import RING, WS, KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.run import Run
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

BEAT_S = 2.0
SOON_S = 0.02
RENEW_S = 10.0
"""A store that was wiped knows all again after this."""
SILENT_S = 15.0
"""A server must be gone for this long while we look: when a store is back, all are at first."""
_STATES = {"restart": "restarting", "shutdown": "ending"}
"""What a kernel is from the order until it is done: no new run is begun then."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a kernel."""

    username: str
    name: str


class Kernels:
    """See the module. `manager` is asked each time; `place_of` tells a kernel's notebook, and
    whose own it is; `adopt` takes over kernels that a server before this one left.
    """

    def __init__(
        self,
        manager: Callable[[], Any],
        place_of: Callable[[str], tuple[str, str]],
        adopt: Callable[[KernelIndex, str], Awaitable[Collection[str]]],
        keys: Keys,
        *,
        contents_id: str,
    ) -> None:
        self._manager, self.place_of, self._adopt = manager, place_of, adopt
        self._keys, self._contents_id = keys, contents_id
        self._host = socket.gethostname()
        self.instance = secrets.token_hex(8)
        """Names this process in the store: other servers may be on this root and host."""
        self._silent_since: dict[str, float] = {}
        self._told: dict[str, dict[str, str]] = {}
        self._link: Link | None = None
        self._news = asyncio.Event()
        self._under_way: dict[str, tuple[str, Actor]] = {}
        self._awaited: set[str] = set()
        self._known: frozenset[str] = frozenset()
        self._url = ""
        self._used: frozenset[str] = frozenset()
        """Kernels with runs that were not over when the store said so last."""
        self._culled: dict[str, str] = {}
        self._restarts: dict[str, int] = {}
        """Of kernels that were not started here, where nobody else counts."""

    async def run(self, link: Link, url: str = "") -> None:
        """Keep the store current, for ever. `url`: where bridges of this host reach us."""
        self._url = url
        self._link, index = link, KernelIndex(link, self._keys, self._contents_id)
        self._told, self._silent_since, renewed = {}, {}, 0.0
        provisioner.owner = lambda: self._contents_id
        provisioner.listeners.append(self._started)
        try:
            if provisioner.outlives:
                # Before any are called dead, and as a server that others can see lives.
                await self._beat(index)
                await self._adopt(index, self.instance)
            while True:
                self._news.clear()
                if time.monotonic() - renewed > RENEW_S:
                    self._told, renewed = {}, time.monotonic()
                try:
                    await self._tell(index)
                except (StoreUnavailable, StoreRefused) as error:
                    self._told = {}
                    logger.debug("kernels not told: %s", error)
                culling.keep(self._manager(), self._used)
                await until_set(self._news, within_s=SOON_S if self._awaited else BEAT_S)
        finally:
            self._link = None
            provisioner.listeners.remove(self._started)

    def _started(self, kernel_id: str) -> None:
        # Jupyter lists it a moment after it has started it.
        self._awaited.add(kernel_id)
        self._under_way.pop(kernel_id, None)
        self._news.set()

    async def _beat(self, index: KernelIndex) -> None:
        pid = os.getpid()
        await index.beat(self.instance, host=self._host, pid=pid, created=launches.created_at(pid))

    async def _tell(self, index: KernelIndex) -> None:
        await self._beat(index)
        here = {}
        for kernel_id in self._manager().list_kernel_ids():
            told = self._describe(kernel_id)
            if told is not None:
                here[kernel_id] = told
                self._awaited.discard(kernel_id)
        for kernel_id, told in here.items():
            if self._told.get(kernel_id) != told:
                await index.put(kernel_id, told)
                self._told[kernel_id] = told
        self._used = frozenset([one for one in here if await index.is_used(one)])
        hosts = await index.hosts()
        await self._bury(index, {one: host for one, host in hosts.items() if one not in here})
        if not self._awaited and (found := frozenset(hosts)) != self._known:
            self._known = found
            await asyncio.to_thread(launches.forget_others, found, owner=self._contents_id)

    async def _bury(self, index: KernelIndex, others: dict[str, str]) -> None:
        """Call those dead that were ours, or whose server is gone."""
        gone = {}
        for kernel_id, host in others.items():
            meta = await index.meta(kernel_id)
            if host != self._host and await index.is_served(kernel_id):
                continue  # whoever serves it is on its host, and sees whether it lives
            is_told = meta.get("state") == "dead" and host == self._host
            if not is_told and await self._is_gone(index, meta, host):
                gone[kernel_id] = meta.get("instance") in (None, self.instance)
        if provisioner.outlives and not all(gone.values()):
            for kernel_id in await self._adopt(index, self.instance):
                gone.pop(kernel_id, None)
        for kernel_id, was_ours in gone.items():
            _, by = self._under_way.pop(kernel_id, ("", None))
            why = "the kernel died" if was_ours else "its Jupyter server is gone"
            why = f"shut down by {by.name}" if by else self._culled.pop(kernel_id, why)
            await index.remove(kernel_id, why=why)
            self._told.pop(kernel_id, None)
            self._restarts.pop(kernel_id, None)
            if others[kernel_id] != self._host and self._link is not None:
                # Its host vanished, and with it all who could copy its last words.
                await RunQueue(self._link, index.keys_of(kernel_id)).end(why)
                await index.forget(kernel_id)

    async def _is_gone(self, index: KernelIndex, meta: dict[str, str], host: str) -> bool:
        """Whether a kernel that we don't have is nobody's."""
        instance = meta.get("instance")
        if instance is None:
            return host == self._host  # told by a release that named no instance
        if instance == self.instance:
            return True
        if await index.heard(instance) is not None:
            self._silent_since.pop(instance, None)
            return False
        since = self._silent_since.setdefault(instance, time.monotonic())
        return time.monotonic() - since >= SILENT_S

    def _describe(self, kernel_id: str) -> dict[str, str] | None:
        try:
            kernel = self._manager().get_kernel(kernel_id)
        except KeyError:
            return None
        launch = launches.newest(kernel_id)
        path, user = self.place_of(kernel_id)
        told = {
            "host": self._host,
            "instance": self.instance,
            "jupyter_url": self._url,
            "name": remote_kernels.name_of(kernel),
            "path": path,
            "user": user,
            "connection_file": str(kernel.connection_file),
            "state": str(getattr(kernel, "execution_state", "starting")),
            "by": "",
            "why": "",
            "repeats": "refused" if launches.is_ipykernel(_argv(kernel)) else "",
        }
        if launch is not None and launch.pid:
            told |= {
                "generation": str(launch.generation),
                "capture": launch.capture,
                "capture_why": launch.why,
                "journal": launch.journal,
                "pid": str(launch.pid),
            }
        elif launch is None:
            if kernel_id not in self._restarts:
                self._restarts[kernel_id] = 0
                # One that dies is started again by Jupyter, without anybody's order.
                if hasattr(kernel, "add_restart_callback"):
                    kernel.add_restart_callback(lambda: self.restarted(kernel_id), "restart")
            told["generation"] = str(self.starts_of(kernel_id))
            if gateway := remote_kernels.gateway_of(self._manager()):
                told |= {"capture": WS, "capture_why": f"a kernel of the gateway at {gateway}"}
            else:
                why = "not started by rtstore's provisioner"
                told |= {"capture": RING, "capture_why": why}
        if kernel_id in self._under_way:
            state, by = self._under_way[kernel_id]
            told |= {"state": state, "by": by.name}
        elif kernel_id in self._culled:
            told |= {"state": _STATES["shutdown"], "why": self._culled[kernel_id]}
        return told

    async def about_to_cull(self, kernel_id: str, why: str) -> None:
        """Jupyter is about to end a kernel that it takes for idle: say so, first."""
        self._culled[kernel_id] = why
        told = self._describe(kernel_id)
        if self._link is None or told is None:
            return
        try:
            await KernelIndex(self._link, self._keys, self._contents_id).put(kernel_id, told)
        except RTStoreError as error:
            logger.info("not told kernel=%s why=%s: %s", kernel_id, why, error)

    async def about_to(self, action: str, kernel_id: str, actor: Actor) -> list[Run]:
        """Somebody is about to interrupt, restart or shut down a kernel: say so, first.

        Returns the runs of others that it hits. Whatever the store says, it may go on.
        """
        if self._link is None:
            return []
        index = KernelIndex(self._link, self._keys, self._contents_id)
        queue = RunQueue(self._link, index.keys_of(kernel_id))
        try:
            if (state := _STATES.get(action)) is not None:
                self._under_way[kernel_id] = (state, actor)
                told = {"host": self._host, "instance": self.instance}
                if action == "restart":
                    told["ordered"] = str(int(time.time() * 1000))
                await index.put(kernel_id, told | {"state": state, "by": actor.name})
            await queue.note("act", action, by=actor.username, name=actor.name)
            found = [await queue.get(run_id) for run_id in await queue.waiting()]
        except RTStoreError as error:
            logger.info("not told kernel=%s action=%s: %s", kernel_id, action, error)
            return []
        runs = [run for run in found if run is not None and run.user != actor.username]
        return [run for run in runs if action != "interrupt" or run.state in ("sent", "running")]

    def restarted(self, kernel_id: str) -> None:
        """What was said by `about_to` was done; of kernels that we start, we hear it sooner."""
        if launches.newest(kernel_id) is None:
            self._restarts[kernel_id] = self._restarts.get(kernel_id, 0) + 1
            self._under_way.pop(kernel_id, None)
            self._news.set()

    def starts_of(self, kernel_id: str) -> int:
        """How often a kernel was started under this id."""
        launch = launches.newest(kernel_id)
        if launch is None:
            return 1 + self._restarts.get(kernel_id, 0)
        return launch.generation if launch.pid else 1

    def look(self) -> None:
        """Something is news of some kernel: tell it now."""
        self._news.set()

    def failed_to(self, kernel_id: str) -> None:
        """What was said by `about_to`, or `about_to_cull`, did not happen."""
        self._under_way.pop(kernel_id, None)
        self._culled.pop(kernel_id, None)
        self._told.pop(kernel_id, None)  # the store has what `about_to` said
        self._news.set()


def _argv(kernel: Any) -> list[str]:  # noqa: ANN401 -- any kernel manager
    """The command of its kernelspec; none if that is gone, or a gateway's."""
    try:
        return list(kernel.kernel_spec.argv)
    except Exception:  # whatever a manager says of a spec that it has not
        return []
