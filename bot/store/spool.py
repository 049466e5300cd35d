"""Messages kept on disk when they cannot be taken: the database is away, or their turn failed.

Each is one sealed file, written, synced and renamed into place before anybody is answered, so a crash at any
moment loses nothing. A message kept twice (the provider delivers again) is one file: its name is the digest of its provider id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.messages import ChannelName, Inbound, InboundKind
from bot.store.vault import SealBroken, Vault

PURPOSE = "spool"
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept message, opened."""

    id: str
    inbound: Inbound
    attempts: int


class Spool:
    """The folder of kept messages (`spool/` in the state folder; `set-aside/` beside for those that never go through)."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def keep(self, inbound: Inbound, attempts: int = 0) -> None:
        """Write one message down, durably. Raises `OSError` when even that is impossible."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = {
            "channel": inbound.channel.value,
            "address": inbound.address,
            "provider_id": inbound.provider_id,
            "text": inbound.text,
            "received_at": inbound.received_at.isoformat(),
            "kind": inbound.kind.value,
            "location": inbound.location,
            "language_hint": inbound.language_hint,
            "attempts": attempts,
        }
        name = self._vault.digest_provider_id(inbound.channel.value, inbound.provider_id).hex()[:32]
        path = self._folder / name
        temporary = path.with_suffix(".new")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._vault.seal(PURPOSE, json.dumps(data)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self._sync_folder()

    def pending(self) -> Iterator[Kept]:
        """Every kept message, oldest first. A file that cannot be opened is set aside, never lost."""
        if not self._folder.is_dir():
            return
        files = [path for path in self._folder.iterdir() if path.is_file() and not path.suffix]
        for path in sorted(files, key=lambda each: each.stat().st_mtime_ns):
            try:
                kept = self._read(path)
            except (SealBroken, ValueError, KeyError, TypeError):
                self._set_aside(path)
                continue
            yield kept

    def done(self, kept_id: str) -> None:
        """The message was taken: its file goes."""
        (self._folder / kept_id).unlink(missing_ok=True)
        self._sync_folder()

    def failed(self, kept: Kept) -> bool:
        """Count a failed attempt; after the last one the message is set aside for a person to look at (True)."""
        if kept.attempts + 1 >= MAX_ATTEMPTS:
            self._set_aside(self._folder / kept.id)
            return True
        self.keep(kept.inbound, kept.attempts + 1)
        return False

    def _read(self, path: Path) -> Kept:
        data = json.loads(self._vault.open(PURPOSE, path.read_bytes()))
        location = data["location"]
        inbound = Inbound(
            channel=ChannelName(data["channel"]),
            address=data["address"],
            provider_id=data["provider_id"],
            text=data["text"],
            received_at=datetime.fromisoformat(data["received_at"]),
            kind=InboundKind(data["kind"]),
            location=None if location is None else (location[0], location[1]),
            language_hint=data["language_hint"],
        )
        return Kept(path.name, inbound, int(data["attempts"]))

    def _set_aside(self, path: Path) -> None:
        aside = self._folder / "set-aside"
        aside.mkdir(exist_ok=True, mode=0o700)
        path.replace(aside / path.name)

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
