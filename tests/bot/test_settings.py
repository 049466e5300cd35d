"""Settings: each wrong one is one line that names it and says what to write; no value is ever shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.settings import DEMONSTRATION, Settings, SettingsError, is_loopback, load, unknown

TWILIO = {
    "PASSERELLE_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "PASSERELLE_TWILIO_AUTH_TOKEN": "0123456789abcdef" * 2,
    "PASSERELLE_TWILIO_NUMBER": "+15145550100",
    "PASSERELLE_PUBLIC_URL": "https://line.example.org",
    "PASSERELLE_TWILIO_API_BASE": "http://127.0.0.1:9",
}
BOT = {"PASSERELLE_TELEGRAM_TOKEN": "123456:AAfakefakefakefakefakefakefakefake-x"}
OWN = {"PASSERELLE_ORGANISATION": "/somewhere/else"}


def refused(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty-wrong"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "8000.5"),
        ("PUBLIC_URL", "line.example.net"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "ftp://line.example.net"),
        ("PUBLIC_URL", "https://line.example.net:port"),
        ("PUBLIC_URL", "https://line.exa mple.net"),
        ("TWILIO_API_BASE", "not-an-address"),
        ("TELEGRAM_API_BASE", "not-an-address"),
        ("NLU_URL", "http://rasa.example.net:5005"),
        ("NLU_URL", "http://127.0.0.1.example.net"),
        ("NLU_URL", "not-an-address"),
        ("DATABASE_URL", "mysql://someone:hunter2@host/base"),
        ("DATABASE_URL", "hunter2"),
        ("TWILIO_NUMBER", "514 555-0100"),
        ("TWILIO_NUMBER", "+0145550100"),
        ("TELEGRAM_TOKEN", "hunter2"),
        ("TELEGRAM_SECRET", "with a space"),
        ("TELEGRAM_SECRET", "é" * 32),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it_and_hides_it(name: str, value: str) -> None:
    line = refused({f"PASSERELLE_{name}": value})
    assert line.startswith(f"PASSERELLE_{name}: ")
    assert "\n" not in line
    assert value not in line.removesuffix("beginning with https://")
    assert "hunter2" not in line


@pytest.mark.parametrize("left_out", ["ACCOUNT_SID", "AUTH_TOKEN", "NUMBER"])
def test_twilio_is_whole_or_not_at_all(left_out: str) -> None:
    line = refused({name: value for name, value in TWILIO.items() if not name.endswith(left_out)})
    assert "PASSERELLE_TWILIO_ACCOUNT_SID" in line
    assert not any(value in line for value in TWILIO.values())


def test_twilio_and_a_telegram_webhook_say_what_else_they_need() -> None:
    without_url = {name: value for name, value in TWILIO.items() if name != "PASSERELLE_PUBLIC_URL"}
    assert "PASSERELLE_PUBLIC_URL" in refused(without_url)
    line = refused(OWN | BOT | {"PASSERELLE_PUBLIC_URL": "https://line.example.org"})
    assert "PASSERELLE_TELEGRAM_SECRET" in line
    assert load(OWN | BOT).telegram_secret is None, "polled: no secret is needed"


@pytest.mark.parametrize(
    "environment",
    [
        {name: value for name, value in TWILIO.items() if name != "PASSERELLE_TWILIO_API_BASE"},
        TWILIO | {"PASSERELLE_TWILIO_API_BASE": "https://127.0.0.1.example.net"},
        BOT,
        BOT | {"PASSERELLE_TELEGRAM_API_BASE": "https://api.telegram.example"},
        BOT | {"PASSERELLE_ORGANISATION": f"{DEMONSTRATION}/../demonstration"},
    ],
)
def test_the_demonstration_never_meets_a_real_provider(environment: dict[str, str]) -> None:
    line = refused(environment)
    assert "PASSERELLE_ORGANISATION" in line
    assert "passerelle init" in line
    assert load(environment | OWN).organisation == Path("/somewhere/else")


def test_no_secret_shows_in_a_repr() -> None:
    shown = repr(
        load(
            TWILIO
            | BOT
            | OWN
            | {
                "PASSERELLE_TELEGRAM_SECRET": "shh-secret",
                "PASSERELLE_METRICS_TOKEN": "shh-metrics",
                "PASSERELLE_DATABASE_URL": "postgresql://someone:hunter2@host/base",
            }
        )
    )
    secrets = ("shh-secret", "shh-metrics", "hunter2", TWILIO["PASSERELLE_TWILIO_AUTH_TOKEN"], *BOT.values())
    assert not any(secret in shown for secret in secrets)


def test_an_empty_setting_is_not_set_and_ends_of_lines_do_not_count(tmp_path: Path) -> None:
    settings = load({"PASSERELLE_PORT": "  ", "PASSERELLE_NLU_URL": "", "PASSERELLE_STATE": f"{tmp_path}\n"})
    assert settings.port == 8000
    assert settings.nlu_url is None
    assert settings.state_folder == tmp_path
    assert load({"PASSERELLE_PUBLIC_URL": "https://line.example.org/ "}).public_url == "https://line.example.org"


def test_nothing_but_what_is_given_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_PORT", "9999")
    assert Settings().port == 8000
    assert load({}).port == 8000
    assert load().port == 9999


def test_the_state_folder_is_private_and_one_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    settings = load({"PASSERELLE_STATE": str(tmp_path / "deep" / "state")})
    folder = settings.prepare_state()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert settings.database == f"sqlite:///{folder}/passerelle.db"
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as caught:
        load({"PASSERELLE_STATE": str(tmp_path / "file")}).prepare_state()
    assert str(caught.value).startswith("PASSERELLE_STATE: ")
    assert str(tmp_path) not in str(caught.value)


def test_a_misspelt_setting_is_told_with_what_was_meant() -> None:
    lines = unknown({"PASSERELLE_TWILIO_TOKEN": "hunter2", "PASSERELLE_XYZZY": "hunter2", "PASSERELLE_PORT": "1"})
    assert lines == [
        "PASSERELLE_TWILIO_TOKEN: no such setting; did you mean PASSERELLE_TWILIO_AUTH_TOKEN?",
        "PASSERELLE_XYZZY: no such setting",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:5005/x", True),
        ("http://127.0.0.1.example.net", False),
        ("http://127.0.0.1@example.net", False),
        ("http://localhost.example.net", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_this_machine_s_addresses(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
