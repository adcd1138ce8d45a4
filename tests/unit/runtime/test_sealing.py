"""Credentials at rest, and secrets that are compared."""

import pytest
from cryptography.fernet import Fernet

from tandem.runtime.secrets import Sealer, same_secret

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_sealed_opens_again_and_shows_nothing():
    sealed = Sealer(OLD).seal(b"hunter2")
    assert b"hunter2" not in sealed
    assert Sealer(OLD).open(sealed) == b"hunter2"


def test_keys_rotate_without_a_gap():
    sealed = Sealer(OLD).seal(b"secret")
    both = Sealer(f" {NEW} , {OLD} ")
    assert both.open(sealed) == b"secret"
    renewed = both.reseal(sealed)
    assert Sealer(NEW).open(renewed) == b"secret"
    assert Sealer(NEW).open(both.seal(b"new")) == b"new"
    with pytest.raises(ValueError, match="none of the keys"):
        Sealer(NEW).open(sealed)


@pytest.mark.parametrize("tampered", [b"", b"x", b"\xff" * 80])
def test_what_was_not_sealed_by_us_does_not_open(tampered):
    with pytest.raises(ValueError, match="none of the keys"):
        Sealer(OLD).open(tampered)


@pytest.mark.parametrize("keys", ["", " , ", "too-short", "é" * 44, f"{OLD},hunter2"], ids=range(5))
def test_wrong_keys_are_refused_by_the_settings_name_without_their_value(keys):
    with pytest.raises(ValueError, match="CREDENTIALS_KEYS") as refusal:
        Sealer(keys)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("", "a", False),
        (None, "a", False),
        (None, "", False),
        ("ä", "ä", True),
        ("aa", "a", False),
    ],
)
def test_a_missing_secret_is_never_the_same(given, expected, same):
    assert same_secret(given, expected) is same
