"""Finding the kernel that a person means: by its id, the beginning of it, or a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from rtstore.cli import inspection
from rtstore.errors import NoSuchDocument
from rtstore.redis_backend.kernel_index import KernelIndex, Meta
from rtstore.redis_backend.keys import KernelKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.settings import Settings

_TAGS = (":kernels", ":ended")


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel."""

    id: str
    root: str
    meta: Meta
    """What is known of it; {} a week after its end."""
    keys: KernelKeys


async def every(link: Link, keys: Keys, settings: Settings) -> list[Kernel]:
    """All kernels that some Jupyter server has, or had a moment ago."""
    found = []
    for root, index in await _indexes(link, keys, settings):
        found += [await _kernel(index, root, kernel_id) for kernel_id in await index.hosts()]
    return sorted(found, key=lambda kernel: kernel.meta.get("path", ""))


async def ended(link: Link, keys: Keys, settings: Settings) -> list[Kernel]:
    """Those that are gone, while anything is known of their runs; what ended last comes last."""
    found = []
    for root, index in await _indexes(link, keys, settings):
        hosts = await index.hosts()
        gone = [kernel_id for kernel_id in await index.ended() if kernel_id not in hosts]
        found += [await _kernel(index, root, kernel_id) for kernel_id in gone]
    return found


async def find(link: Link, keys: Keys, settings: Settings, told: str) -> Kernel:
    """One that is there. Raises NoSuchDocument saying what there is."""
    return _only(_called(told, await every(link, keys, settings)), told)


async def find_ended(link: Link, keys: Keys, settings: Settings, told: str) -> Kernel:
    """One that is there, or else the last one of a notebook, or one that is called so."""
    if found := _called(told, await every(link, keys, settings)):
        return _only(found, told)
    found = _called(told, await ended(link, keys, settings))
    return _only(found[-1:] if _is_path(told, found) else found, told)


async def find_all(link: Link, keys: Keys, settings: Settings, told: str) -> list[Kernel]:
    """All that a notebook has and had, or one. Raises NoSuchDocument."""
    kernels = await every(link, keys, settings) + await ended(link, keys, settings)
    found = _called(told, kernels)
    return found if _is_path(told, found) else [_only(found, told)]


async def _indexes(link: Link, keys: Keys, settings: Settings) -> list[tuple[str, KernelIndex]]:
    start, roots = f"{keys.prefix}:{{", set()
    for tag in _TAGS:
        names = await inspection.scan(link, f"{start}*}}{tag}")
        roots |= {name[len(start) : -len("}" + tag)] for name in names}
    wanted = [root for root in sorted(roots) if settings.contents_id in (None, root)]
    return [(root, KernelIndex(link, keys, root)) for root in wanted]


async def _kernel(index: KernelIndex, root: str, kernel_id: str) -> Kernel:
    return Kernel(kernel_id, root, await index.meta(kernel_id), index.keys_of(kernel_id))


def _called(told: str, kernels: list[Kernel]) -> list[Kernel]:
    clean = told.strip("/")
    return [k for k in kernels if k.id.startswith(clean) or k.meta.get("path") == clean]


def _is_path(told: str, found: list[Kernel]) -> bool:
    """Whether a notebook is meant, by which all of them are found."""
    return bool(found) and all(k.meta.get("path") == told.strip("/") for k in found)


def _only(found: list[Kernel], told: str) -> Kernel:
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchDocument(f"{told} may be one of {', '.join(k.id for k in found)}")
    raise NoSuchDocument(
        f"no kernel is called {told}, and no such notebook has one: rtstore kernels"
    )
