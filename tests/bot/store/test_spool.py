"""Kept messages: sealed, durable, each once, and set aside rather than lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.messages import ChannelName, Inbound, InboundKind
from bot.store.spool import MAX_ATTEMPTS, Spool
from bot.store.vault import Vault

PIN = Inbound(
    channel=ChannelName.TELEGRAM,
    address="700000123",
    provider_id="telegram-8841",
    text="chu au coin St-Denis, 😢 \ud83d mal coupé",
    received_at=datetime(2026, 1, 16, 19, 0, 0, 123000, tzinfo=UTC),
    kind=InboundKind.LOCATION,
    location=(45.5163, -73.5659),
    language_hint="fr",
)


@pytest.fixture
def spool(tmp_path: Path, vault: Vault) -> Spool:
    return Spool(tmp_path / "spool", vault)


def test_what_was_kept_comes_back_whole(spool: Spool) -> None:
    spool.keep(PIN)
    (kept,) = spool.pending()
    assert kept.inbound == PIN
    assert kept.attempts == 0
    spool.done(kept.id)
    assert list(spool.pending()) == []


def test_nothing_kept_is_nothing_pending(spool: Spool) -> None:
    assert list(spool.pending()) == []


def test_a_redelivered_message_is_kept_once(spool: Spool) -> None:
    spool.keep(PIN)
    spool.keep(PIN)
    spool.keep(replace(PIN, provider_id="telegram-8842"))
    assert len(list(spool.pending())) == 2


def test_the_oldest_comes_first(spool: Spool) -> None:
    for number in range(5):
        spool.keep(replace(PIN, provider_id=str(number), text=str(number)))
    assert [kept.inbound.text for kept in spool.pending()] == list("01234")


def test_nobody_without_the_key_reads_it(spool: Spool, tmp_path: Path) -> None:
    spool.keep(PIN)
    (path,) = (tmp_path / "spool").iterdir()
    content = path.read_bytes()
    for secret in (b"St-Denis", b"700000123", b"8841", b"45.51"):
        assert secret not in content
        assert secret.decode() not in path.name
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01" + b"x" * 60, b"\xff" * 200])
def test_an_unreadable_file_is_set_aside_and_stops_nothing(spool: Spool, tmp_path: Path, content: bytes) -> None:
    spool.keep(PIN)
    (tmp_path / "spool" / "damaged").write_bytes(content)
    assert [kept.inbound for kept in spool.pending()] == [PIN]
    assert (tmp_path / "spool" / "set-aside" / "damaged").read_bytes() == content
    assert [kept.inbound for kept in spool.pending()] == [PIN]


def test_a_file_sealed_by_another_installation_is_set_aside(spool: Spool, tmp_path: Path) -> None:
    Spool(tmp_path / "spool", Vault.ephemeral()).keep(PIN)
    assert list(spool.pending()) == []
    assert len(list((tmp_path / "spool" / "set-aside").iterdir())) == 1


def test_a_half_written_file_is_no_message(spool: Spool, tmp_path: Path) -> None:
    spool.keep(PIN)
    (tmp_path / "spool" / "0123456789abcdef.new").write_bytes(b"half")
    assert len(list(spool.pending())) == 1


def test_a_message_that_keeps_failing_is_set_aside_in_the_end(spool: Spool, tmp_path: Path) -> None:
    spool.keep(PIN)
    for _ in range(MAX_ATTEMPTS - 1):
        (kept,) = spool.pending()
        assert not spool.failed(kept)
    (kept,) = spool.pending()
    assert kept.inbound == PIN
    assert spool.failed(kept)
    assert list(spool.pending()) == []
    assert (tmp_path / "spool" / "set-aside" / kept.id).exists()


def test_a_full_disk_is_told_to_the_caller(tmp_path: Path, vault: Vault) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Spool(tmp_path / "file" / "spool", vault).keep(PIN)
