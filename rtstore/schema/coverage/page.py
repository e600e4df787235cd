"""Page: what rtstore has for Jupyter's interfaces, as ``docs/coverage.md``."""

from __future__ import annotations

from collections.abc import Iterator

from rtstore.schema.actions import ACTIONS
from rtstore.schema.coverage.messages import CHANNELS, DEBUG_COMMANDS, MESSAGES, SPECIFICATION
from rtstore.schema.coverage.routes import ROUTES, SPECIFIED, UNSPECIFIED
from rtstore.schema.coverage.row import How, Message, Route

_TOP = """# What there is for Jupyter's interfaces

Each path and method of Jupyter Server's REST API, each of its websockets, and each message type of
the Jupyter messaging specification {version} is one of these:

| | | routes | messages |
| --- | --- | --- | --- |
| live record | what it answers is in records, which change by themselves | {record} |
| action | it can be asked for through the store, and everybody sees what became of it | {action} |
| passed through | Jupyter answers it as ever | {passed} |
| out of scope | because … | {out} |

Everything that is a record or an action is there as plain REST call or message too: an unmodified
JupyterLab stays a client. Records and actions are described in [data-model.md](data-model.md).
`right` is what Jupyter Server's authorizer is asked for, by its handler and by the action alike.

The tests compare this page with what is installed: a path, method or message type that is not in
it, or that is in it and does not exist, fails them. It is written by `rtstore schema --write .`,
from `rtstore/schema/coverage/`.
"""
_ROUTES = "| method | path | right | | |\n| --- | --- | --- | --- | --- |"
_MESSAGES = "| type | channel | | |\n| --- | --- | --- | --- |"


def page() -> str:
    """The whole page."""
    counts = {how.name.lower(): f"{_count(ROUTES, how)} | {_count(MESSAGES, how)}" for how in How}
    told = [
        _TOP.format(version=SPECIFICATION, **counts),
        "## REST, as Jupyter's OpenAPI files list it\n",
        _ROUTES,
        *_routes(SPECIFIED),
        "\n## Websockets, and REST that those files do not list\n",
        _ROUTES,
        *_routes(UNSPECIFIED),
    ]
    for channel, messages in CHANNELS.items():
        told += [f"\n## Messages: {channel}\n", _MESSAGES, *_messages(messages)]
    told.append(
        "\nThe commands that the specification adds to the Debug Adapter Protocol ("
        + ", ".join(f"`{one}`" for one in DEBUG_COMMANDS)
        + ") are contents of `debug_request` and go where it goes.\n"
    )
    return "\n".join(told)


def _count(rows: tuple[Route, ...] | tuple[Message, ...], how: How) -> int:
    return sum(row.how is how for row in rows)


def _routes(routes: tuple[Route, ...]) -> Iterator[str]:
    for row in routes:
        right = row.right or "—"
        yield f"| {row.method} | `{row.path}` | {right} | {row.how} | {_said(row)} |"


def _messages(messages: tuple[Message, ...]) -> Iterator[str]:
    for row in messages:
        yield f"| `{row.type}` | {row.channels} | {row.how} | {_said(row)} |"


def _said(row: Route | Message) -> str:
    links = ", ".join(f"[{name}](data-model.md#{_anchor(name)})" for name in row.what)
    because = f"because {row.because}" if row.how is How.OUT else row.because
    return ": ".join(part for part in (links, because) if part)


def _anchor(name: str) -> str:
    return name.replace(".", "") if name in ACTIONS else name.lower()
