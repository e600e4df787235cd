from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtstore.errors import NotAllowed
from rtstore.schema.identity import (
    VALID_S,
    Identity,
    User,
    sign,
    sign_request,
    verify,
    verify_request,
)

SECRET, NOW = "s" * 32, 1_800_000_000.5
ANN = Identity(User("ann", "Ann", "Ann A.", "AA"), frozenset({"contents:read"}))
anything = st.text(st.characters())  # with lone surrogates, as headers may decode to


@given(st.text(min_size=1), st.frozensets(st.text()), st.integers(-VALID_S, VALID_S - 1))
def test_what_was_signed_is_believed(name: str, rights: frozenset[str], later: int) -> None:
    identity = Identity(User.of({"username": name}), rights)
    value = sign(identity, secret=SECRET, now=NOW)
    assert value.isascii()
    assert verify(value, secret=SECRET, now=NOW + later) == identity


@given(st.data())
def test_a_changed_header_is_refused(data: st.DataObject) -> None:
    value = sign(ANN, secret=SECRET, now=NOW)
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + "é.\udcff").filter(value[at].__ne__))
    with pytest.raises(NotAllowed):
        verify(value[:at] + other + value[at + 1 :], secret=SECRET, now=NOW)


@given(anything)
def test_any_other_header_is_refused(value: str) -> None:
    with pytest.raises(NotAllowed):
        verify(value, secret=SECRET, now=NOW)


def test_another_secret_or_an_old_header_is_refused() -> None:
    value = sign(ANN, secret=SECRET, now=NOW)
    with pytest.raises(NotAllowed, match="signature"):
        verify(value, secret="t" * 32, now=NOW)
    for now in (NOW + VALID_S + 1, NOW - VALID_S - 1):
        with pytest.raises(NotAllowed, match="old"):
            verify(value, secret=SECRET, now=now)


def test_rights_are_those_that_were_signed() -> None:
    assert ANN.may("contents:read")
    assert not ANN.may("contents:write")


def test_a_user_of_few_words_has_all_names() -> None:
    user = User.of({"username": "ann", "initials": None, "unknown": 1})
    assert (user.username, user.name, user.display_name, user.initials) == (
        "ann", "ann", "ann", None,
    )  # fmt: skip
    assert User.of({}).username == "anonymous"
    assert user.as_state()["username"] == "ann"


@given(st.sampled_from(["GET", "POST"]), anything)
def test_a_signed_request_is_believed(method: str, path: str) -> None:
    value = sign_request(method, path, secret=SECRET, now=NOW)
    verify_request(value, method, path, secret=SECRET, now=NOW + 5)


@pytest.mark.parametrize(
    ("method", "path", "secret", "now"),
    [
        ("PUT", "/a", SECRET, NOW),
        ("POST", "/b", SECRET, NOW),
        ("POST", "/a", "t" * 32, NOW),
        ("POST", "/a", SECRET, NOW + VALID_S + 1),
        ("POST", "/a", SECRET, NOW - VALID_S - 1),
    ],
)
def test_any_other_request_is_refused(method: str, path: str, secret: str, now: float) -> None:
    value = sign_request("POST", "/a", secret=SECRET, now=NOW)
    with pytest.raises(NotAllowed):
        verify_request(value, method, path, secret=secret, now=now)


@given(anything | st.from_regex(r"\A\w{1,20}\.\w{0,8}\Z"))
def test_any_other_signature_is_refused(value: str) -> None:
    with pytest.raises(NotAllowed):
        verify_request(value, "POST", "/a", secret=SECRET, now=NOW)


@pytest.mark.parametrize("value", ["²." + "0" * 64, "9" * 5000 + ".0", "1800000000.é", ""])
def test_odd_signatures_are_refused(value: str) -> None:
    with pytest.raises(NotAllowed):
        verify_request(value, "POST", "/a", secret=SECRET, now=NOW)
