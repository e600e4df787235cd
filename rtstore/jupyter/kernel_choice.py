"""Which kernel a notebook asks for, where nobody names one: its own kernelspec."""

from __future__ import annotations

import logging
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth import User
from jupyter_server.serverapp import ServerApp

from rtstore.errors import StoreUnavailable
from rtstore.jupyter.kernels import Actor
from rtstore.jupyter.sessions import ACTOR
from rtstore.schema.kinds import NOTEBOOK

logger = logging.getLogger(__name__)


async def kernel_name_of(serverapp: ServerApp, user: User, path: str) -> str | None:
    """The kernelspec of the notebook's metadata, as it is open or in its file.

    None where it has a session, names none, or none that is installed: then Jupyter decides.
    Raises StoreUnavailable.
    """
    ACTOR.set(Actor(user.username, user.display_name or user.name or user.username))
    sessions = await ensure_async(serverapp.session_manager.list_sessions())
    if any((one["path"], one["type"]) == (path, NOTEBOOK) for one in sessions):
        return None
    try:
        metadata = await _metadata(serverapp, path)
        name = metadata["kernelspec"]["name"]
        specs = await ensure_async(serverapp.kernel_spec_manager.get_all_specs())
    except StoreUnavailable:
        raise
    except (KeyError, TypeError):
        return None
    except Exception as error:  # any manager; the session is asked for all the same
        logger.info("kernelspec not known path=%s why=%s", path, error)
        return None
    return str(name) if name in specs else None


async def _metadata(serverapp: ServerApp, path: str) -> Any:  # noqa: ANN401 -- the notebook's
    settings = serverapp.web_app.settings
    opened = await settings["jupyter_server_ydoc"].get_document(
        path=path, content_type=NOTEBOOK, file_format="json"
    )
    if opened is not None:
        return opened.get()["metadata"]
    manager = settings["contents_manager"]
    model = await ensure_async(manager.get(path, content=True, type=NOTEBOOK))
    return model["content"]["metadata"]
