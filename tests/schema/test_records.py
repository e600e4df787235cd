"""Records: each says what it is, and what is written from them is what is committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from rtstore.redis_backend import keys
from rtstore.schema import generated
from rtstore.schema.actions import ACTIONS
from rtstore.schema.records import check, json_schema
from rtstore.schema.records.action_result import RESULTS
from rtstore.schema.records.record import Kind, Shape
from rtstore.schema.records.registry import GROUPS, RECORDS

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_each_says_what_it_is(name: str) -> None:
    record = RECORDS[name]
    assert record.__doc__
    assert record.about.kind in Kind
    assert record.about.written_by
    assert record.about.places
    for place in record.about.places:
        named = (Shape.FIELDS, Shape.MEMBERS)
        assert bool(place.named) == (place.shape in named), f"what are the fields of {place}?"


def test_no_two_have_one_name() -> None:
    names = [record.__name__ for records in GROUPS.values() for record in records]
    names += [params.__name__ for params in ACTIONS.values()]
    assert sorted(names) == sorted(set(names))
    assert not [name for name in json_schema.bundle()["$defs"] if "__" in name]


def test_each_action_has_a_result() -> None:
    assert sorted(RESULTS) == sorted(ACTIONS)


@pytest.mark.parametrize("path", sorted(generated.FILES))
def test_what_is_committed_is_what_is_said(path: str) -> None:
    committed = (REPOSITORY / path).read_text(encoding="utf-8")
    assert committed == generated.FILES[path](), "run `make schema`"


def test_every_reference_leads_somewhere() -> None:
    bundle = json_schema.bundle()
    referred = set(re.findall(r'"#/\$defs/([^"]+)"', generated.json_text()))
    assert referred <= set(bundle["$defs"])


def test_every_link_of_the_page_leads_somewhere() -> None:
    page = generated.FILES["docs/data-model.md"]()
    anchors = {
        re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors


def test_every_name_in_redis_has_a_record() -> None:
    told = keys.__doc__
    assert told
    names = re.findall(r"rt:(?:\{[SDK]\}:)?(?:[\w:]|<[^>]*>|\.)+", told)
    assert len(names) > 40
    known = {
        place.where
        for record in RECORDS.values()
        for place in record.about.places
        if place.shape in check.IN_REDIS or place.shape is Shape.CHANNEL
    }
    lacking = [
        name
        for name in names
        if not any(
            re.fullmatch(re.sub(r"<[^>]*>", ".+", re.sub(r"[{}.]", r"\\\g<0>", name)), where)
            for where in known
        )
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("rt:{0b7c}:meta", "DocumentMeta"),
        ("rt:{app.todo}:meta", "DocumentMeta"),
        ("rt:{c-1.5f2a9be0-1c7d-4f3a-9a57-0d9f1c0b7f42}:meta", "KernelMeta"),
        ("rt:{c-1}:live:dir:a/b:c", "LiveContents"),
        ("rt:{c-1}:live:dir:", "LiveContents"),
        ("rt:{c-1}:who:exp", "PresenceExpiry"),
    ],
)
def test_keys_find_their_records(key: str, name: str) -> None:
    assert name in [record.__name__ for _place, record in check.records_of(key)]


@pytest.mark.parametrize(
    ("key", "redis_type", "value", "said"),
    [
        ("rt:{d}:nothing", "hash", {}, "no record has this key"),
        ("rt:{d}:log", "hash", {}, "a hash, but LogEntry is a stream"),
        ("rt:{d}:runs", "hash", {b"c0": b"{"}, "rt:{d}:runs c0: NewestRun: Expecting"),
        ("rt:{d}:runs", "hash", {b"c0": b'{"kernel": "k"}'}, "run: Field required"),
        ("rt:{d}:marks", "hash", {b"c0": b'["odd"]'}, "Input should be 'edited'"),
        ("rt:{d}:lease:keep", "string", b"me", "String should match pattern"),
        ("rt:{d}:lease:x:tokens", "hash", {b"more": b""}, "more: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_said(key: str, redis_type: str, value: object, said: str) -> None:
    assert any(said in one for one in check.wrong(key, redis_type, value))


def test_hashes_with_fields_of_any_name_have_no_others() -> None:
    key = "rt:{c-1.5f2a9be0-1c7d-4f3a-9a57-0d9f1c0b7f42}:meta"
    assert check.wrong(key, "hash", {b"epoch:journal:1": b"1"}) == []
    assert any(
        "digits" in one or "pattern" in one
        for one in check.wrong(key, "hash", {b"epoch:ws:1": b"x"})
    )
    assert any("no field 'odd'" in one for one in check.wrong(key, "hash", {b"odd": b"1"}))


def test_records_are_models() -> None:
    assert all(issubclass(record, BaseModel) for record in RECORDS.values())


def test_the_bundle_is_a_json_schema_that_validates() -> None:
    bundle = json_schema.bundle()
    Draft202012Validator.check_schema(bundle)
    kernels = Draft202012Validator({"$ref": "#/$defs/LiveMessage", "$defs": bundle["$defs"]})
    kernel = {
        "id": "k", "name": "python3", "state": "idle", "connections": 1, "starts": 1,
        "last_activity": "2026-01-02T03:04:05.6Z", "path": "", "user": "", "run": None,
        "waiting": 0,
    }  # fmt: skip
    told = {"type": "snapshot", "room": "server:c-1", "version": 7}
    assert kernels.is_valid(told | {"tables": {"kernels": {"k": kernel}}})
    assert not kernels.is_valid(told | {"tables": {"kernels": {"k": kernel | {"run": 1}}}})
    assert not kernels.is_valid(told)
