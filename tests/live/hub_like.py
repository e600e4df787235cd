"""An identity provider whose users have more than a name, and an authorizer that needs it, as
JupyterHub's are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jupyter_server.auth import Authorizer, IdentityProvider, User


@dataclass
class HubUser(User):  # type: ignore[misc] # untyped
    hub_user: dict[str, Any] = field(default_factory=dict)


class HubIdentity(IdentityProvider):  # type: ignore[misc] # untyped
    async def get_user(self, handler: Any) -> Any:
        found = await super().get_user(handler)
        return found and HubUser("ann", "Ann", "Ann", hub_user={"scopes": ["access:servers"]})

    def identity_model(self, user: Any) -> Any:
        return {"username": user.username, "name": user.name, "display_name": user.display_name}


class HubAuthorizer(Authorizer):  # type: ignore[misc] # untyped
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return "access:servers" in user.hub_user["scopes"]
