"""LiveTables: says in the store what this server has: specs, kernels, sessions, terminals, status.

All of it is in this process's memory, so it is looked at twice a second, and at once where we know
that something happened; only what is another now is written. Of several servers on one contents
root each tells of its own kernels, sessions and terminals, and one speaks for all: it tells the
specs and the status, until it ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server._tz import isoformat
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernelspecs.handlers import is_kernelspec_model, kernelspec_model

from rtstore.errors import RTStoreError
from rtstore.jupyter import remote_kernels
from rtstore.jupyter.elsewhere import Elsewhere
from rtstore.jupyter.kernel_states import known_state
from rtstore.jupyter.kernels import Kernels
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.live_state import SERVER, Change, LiveState
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.run import RUNNING, SENT
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

LOOK_S = 0.5
LOOK_REMOTE_S = 5.0
"""Where a gateway has the kernels, some of it is asked of the gateway."""
SPECS_S = 30.0
ACTIVITY_S = 10.0
"""Nothing but `last_activity` is another: that is told this often."""
RECONCILE_S = 10.0
"""A store that forgot what it was told is told again after this."""

_COMMON = ("terminals", "status")
"""Tables in which a record of another server is news for this one."""
Records = dict[str, dict[str, Any]]
"""Id → record, of one table."""


class LiveTables:
    """See the module."""

    def __init__(self, serverapp: ServerApp, kernels: Kernels) -> None:
        self._serverapp, self._known_kernels, self._instance = serverapp, kernels, kernels.instance
        self._speaks = False
        """Whether we tell what is the same of all servers of this root, or of one alone."""
        self._names_elsewhere: set[str] = set()
        """Of other servers' terminals."""
        self._reconciled_s = float("-inf")
        self._told: dict[str, Records] = {}
        self._activity: dict[tuple[str, str], float] = {}
        self._specs: Records = {}
        self._specs_at = float("-inf")
        self._news = asyncio.Event()

    def look(self) -> None:
        """Something is another now."""
        self._news.set()

    async def run(
        self, link: Link, index: KernelIndex, state: LiveState, elsewhere: Elsewhere
    ) -> None:
        """Keep the store current, for ever. Raises StoreUnavailable, but only at first."""
        self._reconciled_s = float("-inf")
        async with link.listen(state.feed, self._heard):
            try:
                while True:
                    self._news.clear()
                    try:
                        if time.monotonic() - self._reconciled_s > RECONCILE_S:
                            self._reconciled_s = time.monotonic()
                            await self._reconcile(elsewhere, state)
                        await self._tell(link, index, state)
                    except RTStoreError as error:
                        logger.debug("live tables not told: %s", error)
                        self._reconciled_s = float("-inf")
                    is_remote = remote_kernels.gateway_of(self._serverapp.kernel_manager)
                    await until_set(self._news, within_s=LOOK_REMOTE_S if is_remote else LOOK_S)
            finally:
                if link.connected:
                    await self._say_down(state)

    def _heard(self, data: bytes) -> None:
        """Another server's terminal may have the name of ours; who spoke may have ended."""
        if not any(b'"table":"%b"' % table.encode() in data for table in _COMMON):
            return
        for change in json.loads(data)["changes"]:
            server = (change["record"] or {}).get("server", self._instance)
            if change["table"] in _COMMON and server != self._instance:
                self._reconciled_s = float("-inf")
                self._news.set()

    async def _reconcile(self, elsewhere: Elsewhere, state: LiveState) -> None:
        """Believe of what was told what the store has; what is another server's is left alone."""
        tables = (await state.read(SERVER)).tables
        self._told = {
            name: {key: json.loads(one) for key, one in table.items()}
            for name, table in tables.items()
            if name != "actions"
        }
        for name, field in (("kernels", "id"), ("sessions", "kernel_id")):
            for key, record in list(self._told[name].items()):
                if await elsewhere.has_kernel(str(record[field])):
                    del self._told[name][key]
        self._names_elsewhere.clear()
        for key, record in list(self._told["terminals"].items()):
            if await elsewhere.lives(record.get("server", "")):
                del self._told["terminals"][key]
                self._names_elsewhere.add(record["name"])
        status = self._told["status"].get("server", {"is_up": False})
        self._speaks = not status["is_up"] or not await elsewhere.lives(status.get("server", ""))

    async def _say_down(self, state: LiveState) -> None:
        """This server ends, and its terminals with it."""
        changes = [("terminals", key, "") for key in self._told.get("terminals", {})]
        told = self._told.get("status", {}).get("server")
        if self._speaks and told is not None:
            changes.append(("status", "server", _text(told | {"is_up": False})))
        try:
            await state.write(SERVER, changes)
        except RTStoreError as error:
            logger.debug("not told that the server stops: %s", error)

    async def _tell(self, link: Link, index: KernelIndex, state: LiveState) -> None:
        kernels = await self._known("kernels", self._kernels(link, index))
        now = {
            "kernels": kernels,
            "sessions": await self._known("sessions", self._sessions()),
            "terminals": self._terminals(),
        }
        if self._speaks:
            now["kernelspecs"] = await self._known("kernelspecs", self._kernelspecs())
            now["status"] = {"server": self._status(kernels)}
        changes = [
            change for table, records in now.items() for change in self._changes(table, records)
        ]
        if changes:
            await state.write(SERVER, changes)
            for table, key, text in changes:
                if text:
                    self._told.setdefault(table, {})[key] = now[table][key]
                else:
                    self._told[table].pop(key, None)
                    self._activity.pop((table, key), None)

    async def _known(self, table: str, asked: Coroutine[Any, Any, Records]) -> Records:
        """What a manager says; what was told last, if that can't be had: a gateway is away."""
        try:
            return await asked
        except RTStoreError:
            raise
        except Exception as error:  # any manager
            logger.debug("not known table=%s why=%s", table, error)
            return self._told.get(table, {})

    def _changes(self, table: str, records: Records) -> list[Change]:
        told = self._told.get(table, {})
        gone = [(table, key, "") for key in told if key not in records]
        return gone + [
            (table, key, _text(one))
            for key, one in records.items()
            if self._is_news(table, key, told.get(key), one)
        ]

    def _is_news(
        self, table: str, key: str, before: Mapping[str, Any] | None, now: Mapping[str, Any]
    ) -> bool:
        if before == now:
            return False
        at = time.monotonic()
        is_activity = before is not None and _without_activity(before) == _without_activity(now)
        if is_activity and at - self._activity.get((table, key), float("-inf")) < ACTIVITY_S:
            return False
        self._activity[table, key] = at
        return True

    async def _kernelspecs(self) -> Records:
        if time.monotonic() - self._specs_at < SPECS_S:
            return self._specs
        manager, app = self._serverapp.kernel_spec_manager, self._serverapp
        default = app.kernel_manager.default_kernel_name
        found = {}
        self._specs_at = time.monotonic()
        try:
            for name, info in (await ensure_async(manager.get_all_specs())).items():
                model = info
                if not is_kernelspec_model(info):
                    base = SimpleNamespace(base_url=app.base_url)
                    model = await asyncio.to_thread(
                        kernelspec_model, base, name, info["spec"], info["resource_dir"]
                    )
                found[name] = {
                    "name": name,
                    "is_default": name == default,
                    "spec": model["spec"],
                    "resources": model["resources"],
                }
        except Exception as error:  # any spec manager; what was found before is still there
            logger.warning("kernelspecs not read: %s", error)
            found = self._specs
        self._specs, self._specs_at = found, time.monotonic()
        return found

    async def _kernels(self, link: Link, index: KernelIndex) -> Records:
        found = {}
        manager = self._serverapp.kernel_manager
        for kernel_id in manager.list_kernel_ids():
            model = _model(manager, kernel_id)
            path, user = self._known_kernels.place_of(kernel_id)
            if not path and self._gets_a_path(kernel_id):
                continue
            run, waiting = await self._runs(link, index, kernel_id)
            found[kernel_id] = {
                "id": kernel_id,
                "name": model["name"],
                "state": await known_state(
                    link, index.keys_of(kernel_id), str(model["execution_state"])
                ),
                "connections": int(model["connections"]),
                "last_activity": str(model["last_activity"]),
                "starts": self._known_kernels.starts_of(kernel_id),
                "path": path,
                "user": user,
                "run": run,
                "waiting": waiting,
            }
        return found

    def _gets_a_path(self, kernel_id: str) -> bool:
        """Whether it may be the kernel of a session that is being made: who waits for the kernel
        of a notebook is to see of which one it is. What was told before stays.
        """
        is_making = getattr(self._serverapp.session_manager, "is_making", False)
        return bool(is_making) and kernel_id not in self._told.get("kernels", {})

    async def _runs(
        self, link: Link, index: KernelIndex, kernel_id: str
    ) -> tuple[dict[str, str] | None, int]:
        """What it runs now, and how many runs are not over."""
        queue = RunQueue(link, index.keys_of(kernel_id))
        waiting = await queue.waiting()
        if not waiting:
            return None, 0
        run = await queue.get(waiting[0])
        if run is None or run.state not in {SENT, RUNNING}:
            return None, len(waiting)
        told = {"id": run.id, "document": run.document, "cell": run.cell}
        return told | {"user": run.user, "name": run.name}, len(waiting)

    async def _sessions(self) -> Records:
        found = {}
        manager = self._serverapp.session_manager
        owner_of = getattr(manager, "owner_of", lambda _: "")
        for one in await ensure_async(manager.list_sessions()):
            found[one["id"]] = {
                "id": one["id"],
                "path": one["path"],
                "name": one["name"],
                "type": one["type"],
                "kernel_id": (one.get("kernel") or {}).get("id"),
                "user": owner_of(one["id"]),
            }
        return found

    def _terminals(self) -> Records:
        manager = self._serverapp.web_app.settings.get("terminal_manager")
        if manager is None:
            return {}
        found = {}
        for one in manager.list():
            name = str(one["name"])
            key = f"{name}@{self._instance}" if name in self._names_elsewhere else name
            found[key] = {
                "name": name,
                "server": self._instance,
                "last_activity": str(one["last_activity"]),
            }
        return found

    def _status(self, kernels: Records) -> dict[str, Any]:
        app = self._serverapp.web_app
        started = app.settings.get("started", datetime.fromtimestamp(0, UTC))
        return {
            "server": self._instance,
            "started": isoformat(started),
            "last_activity": isoformat(app.last_activity()),
            "connections": sum(one["connections"] for one in kernels.values()),
            "kernels": len(kernels),
            "is_up": True,
        }


def _model(manager: Any, kernel_id: str) -> dict[str, Any]:  # noqa: ANN401
    """As REST has it, from this process's memory: of a gateway's kernel, what it said last."""
    if not remote_kernels.gateway_of(manager):
        return dict(manager.kernel_model(kernel_id))
    kernel = manager.get_kernel(kernel_id)
    told = kernel.kernel if isinstance(kernel.kernel, dict) else {}
    return {
        "name": remote_kernels.name_of(kernel),
        "execution_state": told.get("execution_state", "starting"),
        "connections": told.get("connections", 0),
        "last_activity": told.get("last_activity", ""),
    }


def _without_activity(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "last_activity"}


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"))
