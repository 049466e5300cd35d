"""Keys and sealing: who can read what, and how reading is made impossible for good.

Every contact has a key of its own; everything about a contact is sealed under it, and destroying the
key forgets the contact. Contact keys are wrapped under a master key from a file. Addresses and provider
ids are found again through keyed digests, whose HMAC keys are separate: whoever holds them can enumerate numbers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
DIGEST_PURPOSES = ("address", "provider")


class KeyFileError(Exception):
    """The key file cannot be used; the text says what to do and never shows a key."""


class SealBroken(Exception):
    """A sealed value cannot be opened: its key is gone, or the value was altered. Carries no content."""


def _seal(key: bytes, version: int, purpose: str, data: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return bytes([version]) + nonce + AESGCM(key).encrypt(nonce, data, purpose.encode())


def _open(key: bytes, purpose: str, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], purpose.encode())
    except (InvalidTag, ValueError):
        raise SealBroken("a sealed value could not be opened with this key") from None


@dataclass(frozen=True, slots=True)
class ContactKey:
    """One contact's key. `purpose` binds a sealed value to its use, so a body cannot pass for an address."""

    raw: bytes = field(repr=False)

    def seal(self, purpose: str, data: str) -> bytes:
        """Seal text under this contact's key."""
        return _seal(self.raw, 0, purpose, data.encode("utf-8", "surrogatepass"))

    def open(self, purpose: str, sealed: bytes) -> str:
        """Open what `seal` made. Raises `SealBroken` with any other key or purpose."""
        return _open(self.raw, purpose, sealed).decode("utf-8", "surrogatepass")


class Vault:
    """The master key and the digest keys of one installation."""

    def __init__(self, digest_key: bytes, seal_keys: dict[int, bytes]) -> None:
        self._digest_key = digest_key
        self._seal_keys = seal_keys
        self._current = max(seal_keys)
        self._digest_keys = {p: hmac.digest(digest_key, p.encode(), "sha256") for p in DIGEST_PURPOSES}

    def __repr__(self) -> str:
        return f"Vault(current key {self._current})"

    @classmethod
    def ephemeral(cls) -> Vault:
        """A vault whose keys live in memory only: for throwaway databases."""
        return cls(secrets.token_bytes(KEY_BYTES), {1: secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def open_file(cls, path: Path) -> Vault:
        """Read the key file, or create it (mode 0600). Raises `KeyFileError` with one clear line."""
        if not path.exists():
            _write_new(path, secrets.token_bytes(KEY_BYTES), {1: secrets.token_bytes(KEY_BYTES)})
        return cls(*_read(path))

    def digest_address(self, channel: str, address: str) -> bytes:
        """The digest by which a contact is found again (HMAC-SHA-256)."""
        return hmac.digest(self._digest_keys["address"], f"{channel}\0{address}".encode(), "sha256")

    def digest_provider_id(self, channel: str, provider_id: str) -> bytes:
        """The digest by which a provider's message id is recognised."""
        return hmac.digest(self._digest_keys["provider"], f"{channel}\0{provider_id}".encode(), "sha256")

    def new_contact_key(self) -> ContactKey:
        """A fresh key for a new contact."""
        return ContactKey(secrets.token_bytes(KEY_BYTES))

    def wrap(self, contact_id: str, key: ContactKey) -> bytes:
        """Seal a contact's key under the current master key."""
        return _seal(self._seal_keys[self._current], self._current, f"key:{contact_id}", key.raw)

    def unwrap(self, contact_id: str, wrapped: bytes) -> ContactKey:
        """Open a wrapped contact key, with the master key it was wrapped under (rotation keeps old ones readable)."""
        return ContactKey(_open(self._key_of(wrapped), f"key:{contact_id}", wrapped))

    def seal(self, purpose: str, data: str) -> bytes:
        """Seal text that belongs to no contact (a page to a worker, the spool) under the master key."""
        return _seal(self._seal_keys[self._current], self._current, purpose, data.encode("utf-8", "surrogatepass"))

    def open(self, purpose: str, sealed: bytes) -> str:
        """Open what `seal` made."""
        return _open(self._key_of(sealed), purpose, sealed).decode("utf-8", "surrogatepass")

    def needs_rewrap(self, wrapped: bytes) -> bool:
        """Whether a wrapped key is still under an older master key."""
        return wrapped[0] != self._current

    def _key_of(self, sealed: bytes) -> bytes:
        try:
            return self._seal_keys[sealed[0]]
        except (IndexError, KeyError):
            raise SealBroken("a sealed value names a master key that the key file does not hold") from None


def rotate(path: Path) -> int:
    """Add a new master key to the key file; older ones stay readable. Returns the new key's number."""
    digest_key, seal_keys = _read(path)
    number = max(seal_keys) + 1
    if number > 255:
        raise KeyFileError(f"{path}: 255 rotations reached; start a new installation")
    _write_new(path.with_name(path.name + ".new"), digest_key, seal_keys | {number: secrets.token_bytes(KEY_BYTES)})
    os.replace(path.with_name(path.name + ".new"), path)
    return number


def receipt_code(contact_id: str) -> str:
    """The short code a person may be given for their conversation or its erasure: 8 characters, none alike."""
    alphabet = "23456789BCDFGHJKMNPQRSTVWXZ"
    number = int.from_bytes(hashlib.sha256(b"receipt:" + contact_id.encode()).digest()[:8], "big")
    code = ""
    for _ in range(8):
        number, index = divmod(number, len(alphabet))
        code += alphabet[index]
    return code


def _write_new(path: Path, digest_key: bytes, seal_keys: dict[int, bytes]) -> None:
    lines = [
        "# Passerelle's keys. Whoever holds this file reads what is sealed: keep it 0600, and a copy apart from backups.",
        f"digest = {base64.b64encode(digest_key).decode()}",
        *(f"seal-{number} = {base64.b64encode(key).decode()}" for number, key in sorted(seal_keys.items())),
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot create the key file ({error.strerror}); choose PASSERELLE_KEY_FILE"
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> tuple[bytes, dict[int, bytes]]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(f"{path}: cannot be read; check its owner and mode, or PASSERELLE_KEY_FILE") from None
    keys: dict[str, bytes] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, value = line.partition("=")
        try:
            raw = base64.b64decode(value.strip(), validate=True)
        except ValueError:
            raw = b""
        if len(raw) != KEY_BYTES:
            raise KeyFileError(f"{path}, line {number}: not a key; restore the file from its copy")
        keys[name.strip()] = raw
    seal_keys = {int(n[5:]): k for n, k in keys.items() if n.startswith("seal-") and n[5:].isdigit()}
    if "digest" not in keys or not seal_keys:
        raise KeyFileError(f"{path}: the 'digest' or 'seal-1' line is missing; restore the file from its copy")
    return keys["digest"], seal_keys
