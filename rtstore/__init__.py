"""Real-time collaboration for Jupyter on Redis.

The log is the truth; the feed says what was added; a room hands it on; a snapshot keeps the
log short. A worker keeps nothing that Redis cannot give back.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Jupyter finds its server extension here; nobody else needs to import Jupyter for it."""
    from rtstore.jupyter.extension import extension_points  # only a Jupyter server has these

    return extension_points()
