"""``rtstore``: the commands, each imported when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rtstore import __version__
from rtstore.cli.quick_start import defer_grammar
from rtstore.errors import RTStoreError

COMMANDS = {
    "lab": "Start JupyterLab, its workers and the store, and keep them running.",
    "worker": "Run one worker: serve browsers until told to stop.",
    "store": "Start, stop or look at the embedded store.",
    "docs": "List the documents: who is in them, their sizes, how far behind.",
    "log": "Show the entries of a document's log, decoded.",
    "cat": "Print a document as it is now.",
    "kernels": "List the kernels: what they do, and who waits for them.",
    "runs": "List the runs of cells: who, which cell, how it went.",
    "outputs": "Show what a kernel said, message by message.",
    "run": "Run cells of a notebook in its kernel.",
    "mode": "Say or set whose kernel runs a notebook's cells.",
    "interrupt": "Interrupt a kernel.",
    "restart": "Restart a kernel.",
    "schema": "Print the data model: its records, or their JSON Schema.",
    "doctor": "Check settings, versions and the store; say what to do about each finding.",
}


class LazyCommands(TyperGroup):
    """Imports ``rtstore.cli.<name>`` when `name` is run: its `command`, or its `app` of several.

    A module may have `CONTEXT_SETTINGS` for its command. Starting a worker must not cost the
    import of JupyterLab's checks, and ``--help`` must cost none.
    """

    _only_listing = False

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 -- typer hides its types
        """The page that lists the commands; it needs no more than the table."""
        self._only_listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._only_listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- typer hides its types
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 -- typer hides its types
        """The command, or None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        if self._only_listing:
            return _as_command(cmd_name, lambda: None, {})
        return _imported(cmd_name)


def _imported(name: str) -> Any:  # noqa: ANN401 -- typer hides its types
    module = import_module(f"rtstore.cli.{name}")
    if hasattr(module, "app"):
        group = typer.main.get_command(module.app)
        group.name = name
        return group
    return _as_command(name, module.command, getattr(module, "CONTEXT_SETTINGS", {}))


def _as_command(name: str, command: Any, context_settings: dict[str, Any]) -> Any:  # noqa: ANN401
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    about = command.__doc__ or COMMANDS[name]
    single.command(name, help=about, context_settings=context_settings)(command)
    return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Real-time collaboration for Jupyter on Redis: `rtstore lab` starts all that it takes.",
    epilog="Settings are RTSTORE_… variables; `rtstore doctor` shows them and what is amiss.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rtstore {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help="Say which version this is, and exit.",
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run one command. An error that rtstore raises on purpose is one line, and status 1."""
    defer_grammar()
    try:
        app(prog_name="rtstore")
    except RTStoreError as error:
        print(f"rtstore: {error}", file=sys.stderr)  # noqa: T201 -- a person reads it
        raise SystemExit(1) from None
