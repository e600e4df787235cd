"""Whether a process of this host, which is no child of ours, still runs."""

from __future__ import annotations

import psutil  # type: ignore[import-untyped]


def is_alive(pid: int) -> bool:
    """Whether it runs. One that ended and that its parent did not wait for does not; one that we
    may not look at does, as it is there.
    """
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
