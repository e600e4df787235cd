"""UserInfo: a person, as Jupyter's identity API describes one."""

from __future__ import annotations

from rtstore.schema.records.record import Part


class UserInfo(Part):
    """A person. Stamped by the server wherever it stands: nobody says who they are themselves."""

    username: str
    name: str = ""
    display_name: str = ""
    initials: str | None = None
    avatar_url: str | None = None
    color: str | None = None
    """A CSS colour. This and initials are the browser's where the server has none."""
