"""What ``rtstore lab`` is about to start: checked, and said in one line if it can't be."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from rtstore.errors import SettingsError
from rtstore.settings import Settings
from rtstore.supervisor.jupyter_seat import JupyterCommand, reached_at
from rtstore.supervisor.locks import require_posix

PORT = 8888
PORTS_TRIED = 50
_LOOPBACK = "127.0.0.1"
_OURS = {
    "--ServerApp.port": "--port",
    "--ServerApp.root_dir": "DIR",
    "--ServerApp.base_url": "--base-url",
    "--ServerApp.token": "--token",
    "--ServerApp.open_browser": "--no-browser",
    "--IdentityProvider.token": "--token",
    "--notebook-dir": "DIR",
}
"""Options that would go behind our back, and what stands for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabOptions:
    """The command line of ``rtstore lab``, and what of the environment it heeds."""

    directory: Path
    port: int | None = None
    """None: the first free one from 8888 on; 0: any."""
    token: str | None = None
    """Given to Jupyter on its command line, so that it goes over any configuration file."""
    usual_token: str | None = None
    """Used when `token` is None; None: a new one."""
    base_url: str = "/"
    share: bool = False
    extra: Sequence[str] = ()
    """Options for JupyterLab, as they came."""


@dataclass(frozen=True, slots=True)
class LabPlan:
    """What to start."""

    settings: Settings
    root_dir: Path
    contents_id: str
    jupyter: JupyterCommand
    shared: bool
    """Colleagues on the network reach it."""
    seen_at: str
    """The host in their URL."""


def plan(options: LabOptions, settings: Settings) -> LabPlan:
    """Raises SettingsError that names the option and the remedy."""
    require_posix()
    if find_spec("jupyterlab") is None:
        raise SettingsError('JupyterLab is not installed: pip install "rtstore[lab]"')
    root_dir = _directory(options.directory)
    for option in options.extra:
        name = option.partition("=")[0]
        if name in _OURS:
            raise SettingsError(f"{name}: give {_OURS[name]} to rtstore lab instead")
    host = _host(options)
    jupyter = JupyterCommand(
        argv=lambda port: _argv(options, root_dir=root_dir, host=host, port=port),
        ports=_ports(options.port),
        host=host,
        base_url=_base_url(options.base_url),
        token=options.usual_token if options.token is None else options.token,
        tls=any(option.startswith("--ServerApp.certfile=") for option in options.extra)
        or any(option.startswith("--certfile=") for option in options.extra),
    )
    return LabPlan(
        settings,
        root_dir,
        settings.contents_root_id(root_dir),
        jupyter,
        shared=host != _LOOPBACK,
        seen_at=_seen_at(host),
    )


def lan_address() -> str:
    """The address of this machine on its network. Raises SettingsError if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737; a datagram socket sends nothing here
            found = str(probe.getsockname()[0])
        except OSError:
            found = ""
    addresses = [found, *_interface_addresses()]
    for address in addresses:
        if address and not address.startswith(("127.", "169.254.")):
            return address
    raise SettingsError(
        "--share: this machine has no network address; connect it to a network,"
        " or give an address with --ip=ADDRESS"
    )


def _directory(given: Path) -> Path:
    directory = given.expanduser()
    if not directory.exists():
        raise SettingsError(
            f"{given}: no such directory (an option for JupyterLab is written --name=value)"
        )
    if not directory.is_dir():
        raise SettingsError(f"{given} is a file; give the directory that it is in")
    if not os.access(directory, os.R_OK | os.X_OK):
        raise SettingsError(f"{given} can't be read")
    return directory.resolve()


def _host(options: LabOptions) -> str:
    for option in options.extra:
        name, _, value = option.partition("=")
        if name in ("--ip", "--ServerApp.ip") and value:
            return {"*": "0.0.0.0", "localhost": _LOOPBACK}.get(value, value)  # noqa: S104
    return lan_address() if options.share else _LOOPBACK


def _seen_at(host: str) -> str:
    if reached_at(host) == host:
        return host
    try:
        return lan_address()
    except SettingsError:  # a container without a network may be reached by its name
        return socket.gethostname()


def _ports(given: int | None) -> Sequence[int]:
    if given is None:
        return [*range(PORT, PORT + PORTS_TRIED), 0]
    if not 0 <= given < 2**16:
        raise SettingsError(f"--port {given}: not a port; 0 takes any free one")
    return [given]


def _base_url(given: str) -> str:
    inner = given.strip("/")
    return f"/{inner}/" if inner else "/"


def _argv(options: LabOptions, *, root_dir: Path, host: str, port: int) -> list[str]:
    # -P: a file in the current directory must not stand for a module of Jupyter's.
    argv = [sys.executable, "-P", "-m", "rtstore.cli.jupyter_lab"]
    argv += [
        f"--ServerApp.root_dir={root_dir}",
        f"--ServerApp.ip={host}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",  # the port was chosen; another would surprise
        f"--ServerApp.base_url={_base_url(options.base_url)}",
        "--ServerApp.open_browser=False",
        # Should its configuration file not be where Jupyter looks (a --user or editable install).
        # One by one, as then more may follow among the options of whoever starts it.
        "--ServerApp.jpserver_extensions=rtstore=True",
        "--ServerApp.jpserver_extensions=jupyter_server_ydoc=False",
        # No fetching of news and updates: the machine may have no network.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if options.token is not None:
        argv.append(f"--IdentityProvider.token={options.token}")
    if os.geteuid() == 0:
        argv.append("--allow-root")
    return [*argv, *options.extra]


def _interface_addresses() -> list[str]:
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return [
        str(address.address)
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if name in up and address.family == socket.AF_INET
    ]
