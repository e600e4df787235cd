"""What a kernel is at, where Jupyter has not heard it yet.

Jupyter connects to a kernel while that starts. What it says first may be over before: then it is
``starting`` for Jupyter until it says something more, though its log has it idle.
"""

from __future__ import annotations

from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog

STARTING = "starting"
ENTRIES = 50


async def known_state(link: Link, keys: KernelKeys, told: str) -> str:
    """`told`, which is Jupyter's word, or what this start of the kernel said of itself since.

    Raises StoreUnavailable.
    """
    if told != STARTING:
        return told
    log = OutputLog(link, keys)
    for entry in await log.newest(ENTRIES):
        if entry.kind == "begin":
            break
        if (entry.kind, entry.type) == ("iopub", "status"):
            return str((await log.content(entry)).get("execution_state") or told)
    return told
