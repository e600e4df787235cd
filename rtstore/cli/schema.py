"""``rtstore schema``: the data model, for people and for generators of types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rtstore.schema import generated
from rtstore.schema.actions import ACTIONS
from rtstore.schema.records import json_schema
from rtstore.schema.records.registry import RECORDS


def command(
    name: Annotated[
        str | None, typer.Argument(help="A record or an action; its JSON Schema is printed.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="All of them as one JSON Schema (2020-12).")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(hidden=True, help="Write the generated files into this check-out."),
    ] = None,
) -> None:
    """Print the data model: a list of its records and actions, or their JSON Schema."""
    if write is not None:
        _write(write)
    elif name is not None:
        typer.echo(json.dumps(_one(name), indent=2, ensure_ascii=False))
    elif as_json:
        typer.echo(generated.json_text(), nl=False)
    else:
        Console(emoji=False, markup=False).print(_table())


def _one(name: str) -> dict[str, object]:
    found = ACTIONS[name].__name__ if name in ACTIONS else name
    known = json_schema.bundle()["$defs"]
    if found not in known:
        close = [one for one in (*known, *ACTIONS) if name.lower() in one.lower()]
        hint = f"; perhaps {', '.join(close)}" if close else ""
        raise typer.BadParameter(f"no record {name!r}{hint}: `rtstore schema` lists them")
    return json_schema.one(found)


def _table() -> Table:
    table = Table("record", "kind", "where", box=None)
    for name, record in RECORDS.items():
        where = "\n".join(place.where for place in record.about.places)
        table.add_row(name, record.about.kind.value, where)
    for action, params in ACTIONS.items():
        table.add_row(action, "action", f"stands for {params.stands_for}")
    return table


def _write(directory: Path) -> None:
    for path, told in generated.FILES.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(told(), encoding="utf-8")
        typer.echo(f"written: {file}")
