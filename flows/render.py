"""From a card to the texts that are sent: placeholders filled, choices added, typography made safe for SMS. Pure.

One card may give two texts: an emergency card's first paragraph goes alone and first, the steps follow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flows.cards import Card
from flows.flow import Option
from flows.segments import plain

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def render(
    card: Card,
    params: Mapping[str, Any],
    language: str,
    audience: str | None = None,
    channel: str = "sms",
    choices: Sequence[Option] = (),
) -> list[str]:
    """The texts of a card, in the order they are sent; empty when there is nothing to say.

    `params` fill the placeholders (a missing one leaves nothing). Choices become numbered lines on SMS; elsewhere
    they are buttons, which the channel makes.
    """
    text = fill(card.text(language, audience), params, language)
    first, rest = _split(text) if card.is_emergency else (text, "")
    texts = [part for part in (first, rest) if part]
    if channel != "sms":
        return texts
    if choices and texts:
        texts[-1] = "\n".join([texts[-1], *_numbered(choices, language)])
    return [for_sms(part) for part in texts]


def fill(text: str, params: Mapping[str, Any], language: str) -> str:
    """Put values in place of `{name}`. A value that holds braces is not read again."""
    return _PLACEHOLDER.sub(lambda match: _words(params.get(match.group(1)), language), text).strip()


def placeholders(text: str) -> frozenset[str]:
    """The names of the placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def for_sms(text: str) -> str:
    """Plain quotes, dashes and dots instead of typographic ones (`flows.segments.plain`), and no loose spaces."""
    return "\n".join(line.rstrip() for line in plain(text).splitlines()).strip()


def label_of(option: Option, language: str) -> str:
    """What the person sees for an option: its label in their language, else in French, else its value."""
    return str(option.label.get(language) or option.label.get("fr") or option.value)


def _numbered(choices: Sequence[Option], language: str) -> list[str]:
    return [f"{number} {label_of(option, language)}" for number, option in enumerate(choices, start=1)]


def _split(text: str) -> tuple[str, str]:
    first, _, rest = text.partition("\n\n")
    return first.strip(), rest.strip()


def _words(value: Any, language: str) -> str:
    """A slot's value in words: text, a list, or a place with its label in each language."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return str(value.get(f"label_{language}") or value.get("label_fr") or "")
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
