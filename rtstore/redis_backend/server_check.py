"""Is this server fit to hold people's work? Checked at start; each finding names its remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtstore.errors import StoreRefused, StoreUnfit
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import SCHEMA

ACL_LINE = (
    "ACL SETUSER rtstore on >PASSWORD ~rt:* &rt:* "
    "+@read +@write +@connection +@scripting +@pubsub -@dangerous +info +time"
)
"""What a restricted user needs (INFO is in @dangerous: it must come after)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the server; `level` is ok, warning or refuse."""

    level: str
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What INFO says."""

    version: str
    policy: str
    aof: bool
    is_cluster: bool
    used_bytes: int
    max_bytes: int


async def facts(link: Link) -> Facts:
    """Ask the server."""
    told = await link.command("INFO")
    text = "\n" + (told.decode() if isinstance(told, bytes) else str(told)).replace("\r\n", "\n")

    def field(name: str, missing: str = "") -> str:
        found = re.search(rf"\n{name}:(.*)", text)
        return found.group(1) if found else missing

    return Facts(
        field("valkey_version") or field("redis_version", "0"),
        field("maxmemory_policy", "noeviction"),
        field("aof_enabled") == "1",
        field("cluster_enabled") == "1",
        int(field("used_memory", "0")),
        int(field("maxmemory", "0")),
    )


async def examine(link: Link, keys: Keys) -> list[Finding]:
    """All findings, worst first."""
    told = await facts(link)
    found = [_version(told), _policy(told), _persistence(told), await _schema(link, keys)]
    order = {"refuse": 0, "warning": 1, "ok": 2}
    return sorted(found, key=lambda one: order[one.level])


async def require_fit(link: Link, keys: Keys) -> list[Finding]:
    """The warnings. Raises StoreUnfit with the remedy when documents would not be safe."""
    found = await examine(link, keys)
    for one in found:
        if one.level == "refuse":
            raise StoreUnfit(f"{one.what}: {one.remedy}")
    return [one for one in found if one.level == "warning"]


def _version(told: Facts) -> Finding:
    numbers = [int(part) for part in re.findall(r"\d+", told.version)[:2]]
    if numbers < [7, 0]:
        return Finding(
            "refuse", f"server version {told.version}", "needs Redis >= 7.0 or Valkey >= 7.2"
        )
    return Finding("ok", f"server version {told.version}")


def _policy(told: Facts) -> Finding:
    if told.policy.startswith("allkeys"):
        return Finding(
            "refuse",
            f"maxmemory-policy is {told.policy}: the server may delete documents",
            "redis-cli CONFIG SET maxmemory-policy noeviction (and in the server's configuration)",
        )
    if told.policy != "noeviction":
        return Finding(
            "warning",
            f"maxmemory-policy is {told.policy}: who is here may be forgotten early",
            "redis-cli CONFIG SET maxmemory-policy noeviction",
        )
    return Finding("ok", "maxmemory-policy is noeviction")


def _persistence(told: Facts) -> Finding:
    if not told.aof:
        return Finding(
            "warning",
            "appendonly is off: a restart of the server loses what was typed since its last dump",
            "redis-cli CONFIG SET appendonly yes (and in the server's configuration)",
        )
    return Finding("ok", "appendonly is on")


async def _schema(link: Link, keys: Keys) -> Finding:
    await link.command("SET", keys.schema, SCHEMA, "NX")
    there = (await link.command("GET", keys.schema) or b"0").decode()
    if not there.isdigit() or int(there) > int(SCHEMA):
        return Finding(
            "refuse",
            f"the data in this store has format {there}, this rtstore knows {SCHEMA}",
            "upgrade rtstore here (pip install -U rtstore)",
        )
    return Finding("ok", f"data format {there}")


async def can_info(link: Link) -> bool:
    """Whether INFO is allowed to this user."""
    try:
        await link.command("INFO", "server")
    except StoreRefused:
        return False
    return True
