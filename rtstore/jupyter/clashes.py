"""Other extensions that do what rtstore does, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_server.serverapp import ServerApp


@dataclass(frozen=True, slots=True)
class Clash:
    """An enabled extension that rtstore can't work beside."""

    name: str
    does: str
    is_fatal: bool
    """Whether it answers rtstore's routes: then rtstore stands aside."""

    def message(self) -> str:
        """What a person must know and can do."""
        so = (
            "rtstore stands aside: nothing of it works until that is settled."
            if self.is_fatal
            else "rtstore works, but what that extension does may fail."
        )
        return (
            f"{self.name} is enabled, and it {self.does}. {so}\n"
            f"  To use rtstore:  jupyter server extension disable {self.name}\n"
            f"                   (with --user, --sys-prefix or --system, wherever it is enabled:"
            f" `jupyter server extension list` says where)\n"
            f"  then start Jupyter again. Or remove it:  pip uninstall {_project(self.name)}"
        )


KNOWN = (
    Clash("jupyter_server_ydoc", "serves the same rooms and writes the same files", is_fatal=True),
    Clash(
        "jupyter_server_documents",
        "serves the same rooms and writes the same files",
        is_fatal=True,
    ),
    Clash(
        "jupyter_server_nbmodel",
        "writes outputs into documents of jupyter_server_ydoc, which is not there",
        is_fatal=False,
    ),
)


def found(serverapp: ServerApp) -> list[Clash]:
    """Those of KNOWN that are enabled in this server."""
    extensions = serverapp.extension_manager.extensions
    return [
        clash
        for clash in KNOWN
        if (extension := extensions.get(clash.name)) is not None and extension.enabled
    ]


def _project(module: str) -> str:
    return module.replace("_", "-")
