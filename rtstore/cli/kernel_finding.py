"""Finding the kernel that a person means: by its id, the beginning of it, or a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from rtstore.cli import inspection
from rtstore.errors import NoSuchDocument
from rtstore.redis_backend.kernel_index import KernelIndex, Meta
from rtstore.redis_backend.keys import KernelKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.settings import Settings

_TAG = ":kernels"


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel."""

    id: str
    root: str
    meta: Meta
    keys: KernelKeys


async def every(link: Link, keys: Keys, settings: Settings) -> list[Kernel]:
    """All kernels that some Jupyter server has, or had a moment ago."""
    start = f"{keys.prefix}:{{"
    names = await inspection.scan(link, f"{start}*}}{_TAG}")
    roots = [name[len(start) : -len("}" + _TAG)] for name in names]
    found = []
    for root in roots:
        if settings.contents_id not in (None, root):
            continue
        index = KernelIndex(link, keys, root)
        for kernel_id in await index.hosts():
            meta = await index.meta(kernel_id)
            found.append(Kernel(kernel_id, root, meta, index.keys_of(kernel_id)))
    return sorted(found, key=lambda kernel: kernel.meta.get("path", ""))


async def find(link: Link, keys: Keys, settings: Settings, told: str) -> Kernel:
    """Raises NoSuchDocument saying what there is."""
    kernels = await every(link, keys, settings)
    clean = told.strip("/")
    found = [k for k in kernels if k.id.startswith(clean) or k.meta.get("path") == clean]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchDocument(f"{told} may be one of {', '.join(k.id for k in found)}")
    raise NoSuchDocument(
        f"no kernel is called {told}, and no such notebook has one: rtstore kernels"
    )
