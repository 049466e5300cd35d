"""Keys and sealing: what opens what, what stays shut, and a key file that people can mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.vault import KeyFileError, SealBroken, Vault, receipt_code, rotate


@settings(deadline=None)
@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    vault = Vault.ephemeral()
    key = vault.new_contact_key()
    assert vault.open("body", vault.seal("body", text)) == text
    assert key.open("body", key.seal("body", text)) == text


def test_sealing_the_same_words_twice_shows_nothing_alike(vault: Vault) -> None:
    key = vault.new_contact_key()
    first, second = key.seal("body", "allo"), key.seal("body", "allo")
    assert first[1:] != second[1:]
    assert b"allo" not in first


def test_another_key_purpose_or_contact_opens_nothing(vault: Vault) -> None:
    key, other = vault.new_contact_key(), vault.new_contact_key()
    sealed = key.seal("body", "allo")
    attempts: list[Callable[[], object]] = [
        lambda: other.open("body", sealed),
        lambda: key.open("address", sealed),
        lambda: key.open("body", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        lambda: key.open("body", sealed[:5]),
        lambda: vault.unwrap("b", vault.wrap("a", key)),
        lambda: Vault.ephemeral().unwrap("a", vault.wrap("a", key)),
        lambda: vault.open("body", b""),
    ]
    for attempt in attempts:
        with pytest.raises(SealBroken) as caught:
            attempt()
        assert "allo" not in str(caught.value)


def test_digests_depend_on_key_channel_and_purpose(vault: Vault) -> None:
    number = "+15145550123"
    digests = {
        vault.digest_address("sms", number),
        vault.digest_address("telegram", number),
        vault.digest_provider_id("sms", number),
        Vault.ephemeral().digest_address("sms", number),
    }
    assert len(digests) == 4
    assert vault.digest_address("sms", number) in digests


def test_nothing_secret_shows_in_a_repr(vault: Vault) -> None:
    key = vault.new_contact_key()
    assert key.raw.hex() not in repr(key)
    assert repr(key.raw) not in repr(key)
    assert repr(vault) == "Vault(current key 1)"


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "passerelle.key"
    sealed = Vault.open_file(path).seal("body", "allo")
    assert path.stat().st_mode & 0o077 == 0
    assert Vault.open_file(path).open("body", sealed) == "allo"


def test_after_a_rotation_old_seals_open_and_new_ones_use_the_new_key(tmp_path: Path) -> None:
    path = tmp_path / "passerelle.key"
    old = Vault.open_file(path)
    key = old.new_contact_key()
    sealed, wrapped = old.seal("body", "allo"), old.wrap("a", key)
    assert rotate(path) == 2
    assert path.stat().st_mode & 0o077 == 0
    new = Vault.open_file(path)
    assert new.open("body", sealed) == "allo"
    assert new.unwrap("a", wrapped) == key
    assert new.needs_rewrap(wrapped)
    assert not new.needs_rewrap(new.wrap("a", key))
    assert new.digest_address("sms", "1") == old.digest_address("sms", "1")
    with pytest.raises(SealBroken):
        old.open("body", new.seal("body", "allo"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("digest = AAAA\n", "line 1: not a key"),
        ("# only a comment\n", "'digest' or 'seal-1' line is missing"),
        ("digest: oops\n", "line 1: not a key"),
        ("é\n", "cannot be read"),
    ],
)
def test_a_damaged_key_file_is_told_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "passerelle.key"
    path.write_text(content)
    with pytest.raises(KeyFileError) as caught:
        Vault.open_file(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_receipt_codes_are_short_and_hard_to_misread() -> None:
    codes = {receipt_code(f"{number:032x}") for number in range(500)}
    assert len(codes) == 500
    assert all(len(code) == 8 and not set(code) & set("01AEILOUY") for code in codes)
