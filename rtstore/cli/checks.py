"""What ``rtstore doctor`` looks at: each check gives findings, each finding its remedy."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from importlib.util import find_spec

from rtstore.cli import jupyter_config
from rtstore.errors import RTStoreError
from rtstore.redis_backend.address import without_password
from rtstore.redis_backend.server_check import Finding
from rtstore.settings import Settings
from rtstore.supervisor import store_binary
from rtstore.supervisor.embedded_store import EmbeddedStore

PACKAGES = (
    "rtstore",
    "jupyterlab",
    "jupyter-server",
    "jupyter-collaboration-ui",
    "jupyter-docprovider",
    "jupyter-ydoc",
    "pycrdt",
    "redis",
    "aiohttp",
)
FRONT_END = ("jupyter-collaboration-ui", "jupyter-docprovider")
"""Without these a browser never asks for a shared document."""


def settings(given: Settings, environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(variable, value, where from) of each setting."""
    rows = []
    for name in type(given).model_fields:
        variable = f"RTSTORE_{name.upper()}"
        value = getattr(given, name)
        shown = "" if value is None else str(value)
        if value and not type(given).model_fields[name].repr:
            shown = "(not shown)"
        elif value and name == "redis_url":
            shown = without_password(shown)
        is_told = any(told.upper() == variable for told in environ)
        is_option = not is_told and name in given.model_fields_set
        rows.append((variable, shown, _where(is_told=is_told, is_option=is_option)))
    return rows


def _where(*, is_told: bool, is_option: bool) -> str:
    if is_told:
        return "environment"
    return "option" if is_option else "default"


def versions() -> list[tuple[str, str]]:
    """(package, version) of what matters; '' for what is not installed."""
    return [("python", platform.python_version()), *((name, _version(name)) for name in PACKAGES)]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def packages() -> list[Finding]:
    """Is all there that a shared notebook needs?"""
    found = [
        Finding(
            "refuse",
            f"{name} is not installed: browsers open every document for themselves",
            f"pip install {name}",
        )
        for name in FRONT_END
        if not _version(name)
    ]
    if not _version("jupyterlab"):
        found.append(
            Finding(
                "warning",
                "JupyterLab is not installed here; a worker needs none, `rtstore lab` does",
                'pip install "rtstore[lab]"',
            )
        )
    return found or [Finding("ok", "all packages are there")]


def extensions() -> list[Finding]:
    """Does Jupyter's configuration enable rtstore, and nothing that does the same?"""
    from rtstore.jupyter import clashes  # imports Jupyter's server: for who asks for it only

    switches = jupyter_config.switches()
    found = []
    for clash in clashes.KNOWN:
        switch = switches.get(clash.name)
        if switch is not None and switch.is_on and find_spec(clash.name) is not None:
            found.append(
                Finding(
                    "refuse" if clash.is_fatal else "warning",
                    f"{clash.name} is enabled in {switch.file}, and it {clash.does}",
                    f"jupyter server extension disable {clash.name}",
                )
            )
    ours = switches.get("rtstore")
    if ours is None:
        found.append(
            Finding(
                "warning",
                "no configuration file enables rtstore in a plain `jupyter lab`"
                " (`rtstore lab` enables it by itself)",
                "jupyter server extension enable rtstore, or install rtstore again (not editable)",
            )
        )
    elif not ours.is_on:
        found.append(
            Finding(
                "refuse",
                f"rtstore is switched off in {ours.file}",
                "jupyter server extension enable rtstore",
            )
        )
    if _version("jupyter-collaboration"):
        found.append(
            Finding(
                "warning",
                "jupyter-collaboration is installed: it brings jupyter_server_ydoc, which rtstore"
                " replaces and switches off",
                "pip uninstall jupyter-collaboration jupyter-server-ydoc",
            )
        )
    return found or [Finding("ok", "Jupyter's configuration enables rtstore, and no rival")]


async def embedded(given: Settings) -> tuple[str | None, list[Finding]]:
    """The URL of the embedded store, None if it does not run; and what there is to say."""
    store = EmbeddedStore(given.data_dir.expanduser(), durability=given.durability)
    try:
        told = await store.status()
    except RTStoreError as error:
        return None, [Finding("refuse", str(error), "rtstore store stop --force")]
    if told is not None:
        return told.url, [Finding("ok", f"the embedded store runs, pid {told.pid}")]
    try:
        binary = store_binary.find()
    except RTStoreError as error:
        return None, [Finding("refuse", str(error), "see above")]
    return None, [
        Finding("ok", f"the embedded store does not run; `rtstore lab` starts {binary.path}")
    ]
