"""Our part of the front end: pages find it beside this package, however that was installed."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.serverapp import ServerApp

FOLDER = Path(__file__).parent.parent / "labextensions"


def add(serverapp: ServerApp) -> None:
    """Before the front ends make their handlers. A wheel puts it where all look as well."""
    for apps in serverapp.extension_manager.extension_apps.values():
        for app in apps:
            if app.has_trait("extra_labextensions_path"):
                app.extra_labextensions_path = [*app.extra_labextensions_path, str(FOLDER)]
