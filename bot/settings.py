"""Settings from the environment (`PASSERELLE_…`): read once, checked, and never printed with a secret in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_state_path
from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "PASSERELLE_"
DEMONSTRATION = Path(__file__).parent / "demonstration"


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

    @field_validator("public_url")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("https://", "http://")):
            raise ValueError("write the whole address, beginning with https://")
        return value.rstrip("/")

    @field_validator("twilio_number")
    @classmethod
    def _e164(cls, value: str | None) -> str | None:
        if value is not None and not (value.startswith("+") and value[1:].isdigit() and 8 <= len(value) <= 16):
            raise ValueError("write the number as +15145550100")
        return value

    @field_validator("port")
    @classmethod
    def _port(cls, value: int) -> int:
        if not 0 <= value <= 65535:
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
            raise SettingsError(f"PASSERELLE_STATE: {folder} cannot be used ({error.strerror})") from None
        return folder


def is_loopback(url: str) -> bool:
    """Whether an address points at this machine, as in tests."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name in {"localhost", "::1"} or name.startswith("127.")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment given (default: the process's own). Raises `SettingsError` with one clear line."""
    source = os.environ if environment is None else environment
    fields = Settings.model_fields
    values = {
        key[len(PREFIX) :].lower(): value
        for key, value in source.items()
        if key.startswith(PREFIX) and value.strip() and key[len(PREFIX) :].lower() in fields
    }
    try:
        return Settings(**values)  # type: ignore[arg-type] # pydantic turns the environment's text into each type
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() + ": " if first["loc"] else ""
        raise SettingsError(name + first["msg"].removeprefix("Value error, ")) from None
