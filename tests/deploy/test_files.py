"""The files in deploy/ agree with each other, with the command line and with the settings.

compose.yaml is only read here, never run: it needs a container runtime, and its images a registry.
What it starts (nginx.conf, the worker's and Jupyter's settings) runs in the other tests beside.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]
from prometheus_client.metrics import MetricWrapperBase

from rtstore import metrics
from rtstore.cli.app import app
from rtstore.jupyter.system import Given
from rtstore.settings import Settings

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
SETTINGS = {f"RTSTORE_{name.upper()}" for name in Settings.model_fields}
GIVEN = {f"RTSTORE_{name.upper()}" for name in Given.model_fields}


@pytest.fixture
def compose() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return told


def workers(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n: s for n, s in compose["services"].items() if n.startswith("worker-")}


def parse(command: str) -> dict[str, Any]:
    """What `rtstore …` makes of its arguments. Raises typer's UsageError."""
    program, name, *arguments = shlex.split(command)
    assert program.endswith("rtstore")
    group: Any = typer.main.get_command(app)
    known = group.get_command(None, name)
    return dict(known.make_context(name, arguments).params)


def test_nginx_knows_every_worker_of_compose_by_name_and_port(compose: dict[str, Any]) -> None:
    config = (DEPLOY / "nginx.conf").read_text()

    services = compose["services"]
    ports = {name: parse(one["command"])["port"] for name, one in workers(compose).items()}
    assert len(ports) == 3
    assert dict(re.findall(r"server (worker-\d+):(\d+)", config)) == {
        name: str(port) for name, port in ports.items()
    }
    assert "server jupyter:8888;" in config
    assert services["nginx"]["ports"] == ["8080:8080"]
    assert "listen 8080;" in config
    assert services["nginx"]["volumes"] == ["./nginx.conf:/etc/nginx/nginx.conf:ro"]


def test_workers_listen_where_other_containers_reach_them(compose: dict[str, Any]) -> None:
    for one in workers(compose).values():
        told = parse(one["command"])
        assert (told["host"], told["jupyter_url"]) == ("0.0.0.0", "http://jupyter:8888")
        assert "jupyter" in compose["services"]


def test_jupyter_and_workers_share_store_secret_and_root(compose: dict[str, Any]) -> None:
    shared = {"RTSTORE_REDIS_URL", "RTSTORE_SECRET", "RTSTORE_CONTENTS_ID"}
    environments = [one["environment"] for one in workers(compose).values()]
    environments.append(compose["services"]["jupyter"]["environment"])

    assert len({tuple(e[name] for name in sorted(shared)) for e in environments}) == 1
    assert environments[0]["RTSTORE_REDIS_URL"] == "redis://store:6379"
    assert environments[0]["RTSTORE_SECRET"].startswith("${RTSTORE_SECRET:?")  # none is built in
    for environment in environments:
        ours = {name for name in environment if name.startswith("RTSTORE_")}
        assert ours <= SETTINGS | GIVEN


def test_the_store_keeps_everything(compose: dict[str, Any]) -> None:
    store = compose["services"]["store"]
    words = shlex.split(store["command"])

    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    volume, _, place = store["volumes"][0].partition(":")
    assert (place, volume in compose["volumes"]) == ("/data", True)


def test_every_service_says_whether_it_is_well_and_comes_back(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        assert one["healthcheck"]["test"][0] == "CMD", name
        assert one["restart"] == "unless-stopped", name
        depends = one.get("depends_on", {})
        assert set(depends) <= set(compose["services"])
        assert all(told["condition"] == "service_healthy" for told in depends.values()), name


def test_the_image_is_built_from_this_repository(compose: dict[str, Any]) -> None:
    for name in ("jupyter", *workers(compose)):
        build = compose["services"][name]["build"]
        context = (DEPLOY / build["context"]).resolve()
        assert context == REPOSITORY
        assert (context / build["dockerfile"]).is_file()


def test_the_unit_starts_a_worker_that_the_command_line_knows() -> None:
    unit = (DEPLOY / "rtstore-worker@.service").read_text()

    command = re.search(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    assert command is not None
    assert parse(command[1].replace("%i", "1"))["port"] == 8891
    assert set(re.findall(r"RTSTORE_\w+", unit)) <= SETTINGS


def test_the_manual_has_a_row_for_every_setting_and_every_metric() -> None:
    manual = (REPOSITORY / "docs" / "deploy.md").read_text()

    rows = set(re.findall(r"^\| `(\w+)`", manual, re.MULTILINE))
    counted = {
        collected.name
        for one in vars(metrics).values()
        if isinstance(one, MetricWrapperBase)
        for collected in one.collect()
    }
    assert rows >= SETTINGS
    assert {name.removesuffix("_total") for name in rows if name.startswith("rtstore_")} == counted
    told = set(re.findall(r"\bRTSTORE_[A-Z_]+\b", manual))
    assert told <= SETTINGS | GIVEN
