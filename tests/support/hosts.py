"""Hosts: places with a network, mounts and processes of their own, each on one cable to ours.

with laid_out(2, hidden=[tmp_path]) as hosts:
    hosts.address                    # of ours, for them
    process = await hosts.all[0].start(argv, env=environ, log=path)

What only a cable, a store and HTTP connect does not share files, sockets or pids by accident.
Linux, and root: `why_not` says in one line what is missing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.support.tools import TOOLS, program
from tests.support.waiting import until

NETWORK = "198.18"
"""RFC 2544 keeps it for tests of networks: it is nobody's."""
_APART = ("--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc")
_COVER = (
    'echo "$1" > /proc/sys/kernel/hostname || exit 1; shift;'
    ' while [ "$1" != -- ]; do mount -t tmpfs none "$1" || exit 1; shift; done;'
    ' shift; exec "$@"'
)


def why_not() -> str:
    """Why there can be no hosts here, in one line; '' if there can."""
    if not sys.platform.startswith("linux"):
        return "hosts need Linux: its namespaces are what they are made of"
    if TOOLS["hosts"].found is None or shutil.which("unshare") is None:
        return "ip or unshare is missing: apt-get install iproute2 util-linux"
    if os.geteuid() != 0:
        return "hosts need root: run the tests as root to have them"
    tried = subprocess.run(
        ["unshare", "--net", *_APART, "mount", "-t", "tmpfs", "none", "/dev/shm"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        return f"namespaces can't be made here: {tried.stderr.strip() or tried.returncode}"
    return ""


@dataclass(frozen=True, slots=True)
class Host:
    """One of them."""

    name: str
    """Of its network namespace, and as it calls itself."""
    address: str
    """For us; for itself it has a loopback of its own as well."""
    hidden: tuple[Path, ...]
    """Directories of ours in whose place it has empty ones."""
    cable: str
    """Our end of it."""

    async def start(
        self, command: Sequence[str], *, env: Mapping[str, str], log: Path
    ) -> asyncio.subprocess.Process:
        """Start a program there. The process is its keeper here: with it, it ends."""
        with log.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                *self._there(), *command, env=env, stdout=out, stderr=out
            )

    def told(self, command: Sequence[str]) -> str:
        """What a program says there. Raises CalledProcessError."""
        argv = [*self._there(), *command]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def _there(self) -> list[str]:
        covers = [str(path) for path in self.hidden]
        enter = [program("hosts"), "netns", "exec", self.name, "unshare", *_APART]
        return [*enter, "sh", "-c", _COVER, "sh", self.name, *covers, "--"]

    @contextmanager
    def pulled(self) -> Iterator[None]:
        """Its cable is out while the body runs."""
        _ip("link", "set", self.cable, "down")
        try:
            yield
        finally:
            _ip("link", "set", self.cable, "up")


async def pid_there(keeper: asyncio.subprocess.Process) -> int:
    """The pid, as we see it, of what `Host.start` started: the first process of its host."""

    async def look() -> int:
        assert keeper.returncode is None, "it did not start"
        found = psutil.Process(keeper.pid).children()
        return int(found[0].pid) if found else 0

    return await until(look, what="there is a process on the host")


@dataclass(frozen=True, slots=True)
class Hosts:
    """All of them, and how they see us."""

    address: str
    all: list[Host]


@contextmanager
def laid_out(number: int, *, hidden: Sequence[Path]) -> Iterator[Hosts]:
    """Make them, and their cables; at the end take both away."""
    block = f"{NETWORK}.{os.getpid() % 256}"
    made: list[Host] = []
    try:
        for n in range(number):
            ours, theirs = f"{block}.{4 * n + 1}", f"{block}.{4 * n + 2}"
            name = f"rts-{os.getpid()}-{n}"
            cable = f"rts{os.getpid()}.{n}"
            _ip("netns", "add", name)
            made.append(Host(name, theirs, tuple(hidden), cable))
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("address", "add", f"{ours}/30", "dev", cable)
            _ip("link", "set", cable, "up")
            _ip("-n", name, "address", "add", f"{theirs}/30", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", name, "link", "set", device, "up")
            _ip("-n", name, "route", "add", "default", "via", ours)
        yield Hosts(f"{block}.1", made)
    finally:
        for host in made:
            _ip("netns", "delete", host.name)


def _ip(*words: str) -> None:
    subprocess.run([program("hosts"), *words], check=True, capture_output=True)
