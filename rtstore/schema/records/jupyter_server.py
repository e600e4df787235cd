"""JupyterServer: the Jupyter server of a contents root, and its processes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rtstore.schema.records.record import About, Kind, Place, Record, Shape, Text, Word
from rtstore.schema.records.words import Digits, MsText


class JupyterServer(Record):
    """Where the Jupyter server of this contents root is."""

    about = About(
        Kind.PROJECTION,
        "the Jupyter server; of two on one root the first",
        (Place("rt:{S}:server", Shape.HASH),),
    )

    url: str
    """For workers: a listener of their own."""
    public_url: str
    pid: Digits
    host: str
    name: str
    """For people."""
    root: str
    """The root directory."""
    version: str
    """Of rtstore there."""
    started: Digits
    """Unix time, in seconds."""
    beat: MsText
    """When it was last heard."""


class ServerProcess(Word[Annotated[str, Field(pattern=r"^\S+ [0-9]+ [0-9.]+$")]]):
    """A process of a Jupyter server, which kernels name in `instance`: host, pid, when it began
    (unix time, in seconds). Lives 15 s unless renewed.
    """

    about = About(
        Kind.UPKEEP,
        "the Jupyter server",
        (Place("rt:{S}:server:<instance>", Shape.STRING),),
    )


class KernelHost(Text):
    """The host that a kernel runs on."""

    about = About(
        Kind.UPKEEP,
        "the Jupyter server",
        (Place("rt:{S}:kernels", Shape.FIELDS, "kernel id"),),
    )


class EndedKernel(Text):
    """Id of a kernel that ended within 30 days: so long its runs can be found."""

    about = About(
        Kind.UPKEEP,
        "the Jupyter server, or the bridge that copied its last words",
        (Place("rt:{S}:ended", Shape.MEMBERS, "when it ended (ms)"),),
    )
