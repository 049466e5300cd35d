"""Settings from the environment (`PASSERELLE_…`): read once, checked, and never printed with a secret in them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_state_path
from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "PASSERELLE_"
DEMONSTRATION = Path(__file__).parent / "demonstration"
DATABASES = ("postgresql://", "postgres://", "postgresql+asyncpg://", "sqlite://", "sqlite+aiosqlite://")
MAX_PORT = 65535


class SettingsError(Exception):
    """A setting cannot be used: its name, and what to write instead. Never its value."""


class Settings(BaseSettings):
    """Every setting; each has its heading in `docs/settings.md`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    organisation: Path = DEMONSTRATION
    database_url: SecretStr | None = None
    state: Path | None = None
    key_file: Path | None = None
    public_url: str | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_number: str | None = None
    twilio_api_base: str = "https://api.twilio.com"
    telegram_token: SecretStr | None = None
    telegram_secret: SecretStr | None = None
    telegram_api_base: str = "https://api.telegram.org"
    nlu_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    metrics_token: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` was given: the environment is read in one place."""
        return (init_settings,)

    @field_validator("public_url", "twilio_api_base", "telegram_api_base", "nlu_url")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _is_address(value):
            raise ValueError("write the whole address, beginning with https://")
        return value.rstrip("/")

    @field_validator("nlu_url")
    @classmethod
    def _near_or_sealed(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("https://") and not is_loopback(value):
            raise ValueError("messages go there: write an address of this machine, or one beginning with https://")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(DATABASES):
            raise ValueError("write postgresql://user:password@host/name, or sqlite:////path/to/file.db")
        return value

    @field_validator("twilio_number")
    @classmethod
    def _e164(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
            raise ValueError("write the number as +15145550100")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _bot_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,}", value.get_secret_value()):
            raise ValueError("write the token as BotFather gave it: digits, a colon, then letters and digits")
        return value

    @field_validator("telegram_secret")
    @classmethod
    def _secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("write letters and digits only, up to 256: Telegram takes nothing else")
        return value

    @field_validator("port", mode="before")
    @classmethod
    def _port(cls, value: object) -> object:
        if not re.fullmatch(r"[0-9]{1,5}", str(value)) or int(str(value)) > MAX_PORT:
            raise ValueError("write a port between 1 and 65535")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        sid, token, number = self.twilio_account_sid, self.twilio_auth_token, self.twilio_number
        if any((sid, token, number)) and not all((sid, token, number)):
            raise ValueError(
                "PASSERELLE_TWILIO_ACCOUNT_SID, _AUTH_TOKEN and _NUMBER go together; set all three or none"
            )
        if self.has_twilio and self.public_url is None:
            raise ValueError("PASSERELLE_PUBLIC_URL is needed with Twilio: its signatures are made with that address")
        if self.telegram_token is not None and self.public_url is not None and self.telegram_secret is None:
            raise ValueError("PASSERELLE_TELEGRAM_SECRET is needed with a webhook; set any 32 letters and digits")
        if self.is_demonstration and self._has_real_provider:
            raise ValueError(
                "the demonstration organisation never meets the public; make your own folder with 'passerelle init DIR' "
                "and set PASSERELLE_ORGANISATION"
            )
        return self

    @property
    def has_twilio(self) -> bool:
        """Whether an SMS number is set."""
        return self.twilio_account_sid is not None

    @property
    def is_demonstration(self) -> bool:
        """Whether this is the built-in demonstration organisation."""
        return self.organisation.resolve() == DEMONSTRATION.resolve()

    @property
    def _has_real_provider(self) -> bool:
        real_twilio = self.has_twilio and not is_loopback(self.twilio_api_base)
        real_telegram = self.telegram_token is not None and not is_loopback(self.telegram_api_base)
        return real_twilio or real_telegram

    @property
    def state_folder(self) -> Path:
        """Where database, spool and keys live."""
        return (self.state or user_state_path("passerelle")).resolve()

    @property
    def key_path(self) -> Path:
        """The master key's file."""
        return self.key_file or self.state_folder / "passerelle.key"

    @property
    def database(self) -> str:
        """The database's address."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.state_folder / 'passerelle.db'}"

    def prepare_state(self) -> Path:
        """Make the state folder (0700). Raises `SettingsError` when it cannot be used."""
        folder = self.state_folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise SettingsError(
                f"PASSERELLE_STATE: the state folder cannot be used ({error.strerror}); name one that can be written"
            ) from None
        return folder


def is_loopback(url: str) -> bool:
    """Whether an address points at this machine, as in tests."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in {"localhost", "::1"} or re.fullmatch(r"127(\.[0-9]{1,3}){3}", name) is not None


def unknown(environment: Mapping[str, str] | None = None) -> list[str]:
    """A line for each `PASSERELLE_…` variable that is no setting: a misspelt one would count as not set."""
    source = os.environ if environment is None else environment
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    strangers = sorted(key for key in source if key.startswith(PREFIX) and key not in known)
    guesses = {name: get_close_matches(name, known, n=1, cutoff=0.8) for name in strangers}
    return [
        f"{name}: no such setting" + (f"; did you mean {guess[0]}?" if guess else "") for name, guess in guesses.items()
    ]


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in value
    except ValueError:
        return False


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment given (default: the process's own). Raises `SettingsError` with one clear line."""
    source = os.environ if environment is None else environment
    fields = Settings.model_fields
    values = {
        key[len(PREFIX) :].lower(): value.strip()
        for key, value in source.items()
        if key.startswith(PREFIX) and value.strip() and key[len(PREFIX) :].lower() in fields and key.isupper()
    }
    try:
        return Settings(**values)  # type: ignore[arg-type] # pydantic turns the environment's text into each type
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() + ": " if first["loc"] else ""
        raise SettingsError(name + first["msg"].removeprefix("Value error, ")) from None
