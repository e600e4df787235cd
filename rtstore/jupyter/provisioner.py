"""A kernel provisioner: as Jupyter's local one, with a journal where the kernel can write one."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from tornado.web import HTTPError

from rtstore.jupyter import launches
from rtstore.jupyter.attached import Attached
from rtstore.jupyter.held_ports import HeldPorts

logger = logging.getLogger(__name__)

NAME = "rtstore-provisioner"
JOURNAL_VARIABLE = "RTSTORE_JOURNAL"
owner: Callable[[], str] = str
"""Names the contents root of this server; set by the extension."""
outlives = False
"""Whether kernels go on when this server is killed; set by the extension."""
listeners: list[Callable[[str], None]] = []
"""Called with the id of each kernel that was started, or started again."""


class JournalProvisioner(LocalProvisioner):  # type: ignore[misc] # untyped
    """See the module. A kernel that it can't change is started as it is."""

    launch: launches.Launch | None = None
    _adopted: launches.Launch | None = None
    _ports: HeldPorts | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 -- Jupyter's
        """Jupyter's hook: the command and environment of the kernel."""
        self.launch = self._adopted = launches.living(self.kernel_id)
        if self._adopted is not None:
            return self._pre_adopt(kwargs)
        if outlives:
            kwargs["independent"] = True
        told: dict[str, Any] = await super().pre_launch(**kwargs)
        if launches.is_ipykernel(told["cmd"]):  # of others nobody knows how they take theirs
            self._ports = self._ports or HeldPorts()
            self._ports.hold(self.connection_info)
        try:
            self.launch, told["cmd"] = launches.prepare(self.kernel_id, told["cmd"])
        except OSError as error:
            logger.warning("kernel started without a journal kernel=%s: %s", self.kernel_id, error)
            told["independent"] = False  # no later server could find it
            return told
        if self.launch.capture == launches.JOURNAL:
            told["env"] = dict(told.get("env") or {}) | {JOURNAL_VARIABLE: self.launch.journal}
        else:
            logger.info(
                "kernel started without a journal kernel=%s: %s", self.kernel_id, self.launch.why
            )
        return told

    def _pre_adopt(self, told: dict[str, Any]) -> dict[str, Any]:
        """The kernel runs: a server before us was killed. Take its addresses and key."""
        manager = self.parent
        manager.load_connection_file(manager.connection_file)
        self.connection_info = manager.get_connection_info()
        return {**told, "cmd": []}

    async def launch_kernel(
        self,
        cmd: list[str],
        **kwargs: Any,  # noqa: ANN401 -- Jupyter's
    ) -> KernelConnectionInfo:
        """Jupyter's hook: start it."""
        if self._adopted is not None:
            logger.info("kernel runs on kernel=%s pid=%d", self.kernel_id, self._adopted.pid)
            self.process, self.pid = Attached(self._adopted.pid), self._adopted.pid
            self.pgid = os.getpgid(self.pid)
            try:
                launches.record(self.kernel_id, launches.had_by_this_server(self._adopted))
            except OSError as error:  # what was recorded before finds it, too
                logger.warning("not recorded kernel=%s: %s", self.kernel_id, error)
            return self.connection_info
        connection: KernelConnectionInfo = await super().launch_kernel(cmd, **kwargs)
        if self.launch is not None:
            self.launch = replace(
                self.launch,
                pid=int(self.pid or 0),
                owner=owner(),
                created=launches.created_at(int(self.pid or 0)),
                spec=str(getattr(self.parent, "kernel_name", "")),
            )
            self.launch = launches.had_by_this_server(self.launch)
            await self._record(self.launch)
        for listener in tuple(listeners):
            listener(self.kernel_id)
        return connection

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 -- Jupyter's
        """Jupyter's hook: it ended, for good unless `restart`."""
        if self._ports is not None and not restart:
            self._ports.release()
        await super().cleanup(restart=restart)

    async def _record(self, launch: launches.Launch) -> None:
        """Keep that it was started. Ends it and raises HTTPError if that can't be: no bridge
        could find what it says, and no later server the kernel itself.
        """
        try:
            launches.record(self.kernel_id, launch)
        except OSError as error:
            await self.kill()
            await self.wait()
            launches.undo(launch)
            why = f"the kernel was ended, as its start can't be recorded: {error}"
            logger.error("%s kernel=%s", why, self.kernel_id)  # noqa: TRY400 -- it says all
            raise HTTPError(507, why) from error
