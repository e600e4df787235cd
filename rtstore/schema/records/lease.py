"""LeaseHolding: who alone may do something now."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rtstore.schema.records.record import About, Kind, Place, Record, Shape, Word
from rtstore.schema.records.words import Digits


class LeaseHolding(Word[Annotated[str, Field(pattern=r"^\S+ [0-9]+$")]]):
    """``<owner> <token>``: who alone may do something now. Lives 3 s unless renewed; scripts
    compare the whole text before they write.
    """

    about = About(
        Kind.UPKEEP,
        "its holder",
        (
            Place("rt:{D}:lease:<name>", Shape.STRING),
            Place("rt:{K}:lease", Shape.STRING),
        ),
    )


class LeaseTokens(Record):
    """The tokens of a lease that belongs to nothing with a `meta`: of starting a kernel."""

    about = About(
        Kind.UPKEEP,
        "who takes the lease",
        (Place("rt:{D}:lease:<name>:tokens", Shape.HASH),),
    )

    fence: Digits
    """The newest token."""
    owner: str
    """Who had it last."""
