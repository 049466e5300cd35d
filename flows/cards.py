"""Cards: the vetted texts. Each rests on sourced facts and says who signed it and until when.

A card lives in `flows/cards/fr/*.yml` and again, under the same id, in `flows/cards/en/*.yml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.flow import FlowError
from flows.yaml_file import read_yaml

LANGUAGES = ("fr", "en")


class CardText(BaseModel):
    """One card in one language, as written in YAML.

    `text` is what is sent; on SMS a blank line in an emergency card separates what is sent first, alone.
    `more` is sent when the person asks for more. `variants` replace the text for an audience. `facts` and `lines` are
    ids of `flows/facts`. `emergency` cards must hold 911 within their first 136 GSM-7 characters. `service` cards say
    nothing about health (a question, a menu, a courtesy), so they need no facts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["emergency", "health", "service"] = "health"
    text: str
    more: str | None = None
    variants: dict[str, str] = Field(default_factory=dict)
    facts: list[str] = Field(default_factory=list)
    lines: list[str] = Field(default_factory=list)
    unconfirmed: list[str] = Field(default_factory=list)
    reviewer: str | None = None
    reviewed: date | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card in every language it exists in, with the file each came from."""

    id: str
    texts: Mapping[str, CardText]
    paths: Mapping[str, str]

    def text(self, language: str, audience: str | None = None) -> str:
        """What is sent in this language (French when it is missing), in the audience's variant when there is one."""
        card = self.texts.get(language) or next(iter(self.texts.values()))
        return card.variants.get(audience or "", card.text).strip()

    def more(self, language: str) -> str | None:
        """What follows when the person asks for more, or None."""
        card = self.texts.get(language) or next(iter(self.texts.values()))
        return card.more.strip() if card.more else None

    def expired(self, today: date) -> bool:
        """Whether any language of it is past its date."""
        return any(card.expires is not None and card.expires < today for card in self.texts.values())

    @property
    def is_emergency(self) -> bool:
        """Whether it is sent when a life may be at risk."""
        return any(card.kind == "emergency" for card in self.texts.values())


def load_cards(folders: Iterable[Path]) -> dict[str, Card]:
    """Every card of these folders (each with `fr/` and `en/`); a later folder replaces cards of an earlier one.

    Raises `FlowError` naming the file and what to mend.
    """
    texts: dict[str, dict[str, CardText]] = {}
    paths: dict[str, dict[str, str]] = {}
    for folder in folders:
        for language in LANGUAGES:
            seen: set[str] = set()
            for path in sorted((folder / language).glob("*.yml")):
                for card in _read(path):
                    if card.id in seen:
                        raise FlowError(f"{path}: card '{card.id}' is there twice; keep one")
                    seen.add(card.id)
                    texts.setdefault(card.id, {})[language] = card
                    paths.setdefault(card.id, {})[language] = str(path)
    return {card_id: Card(card_id, texts[card_id], paths[card_id]) for card_id in sorted(texts)}


def _read(path: Path) -> list[CardText]:
    data = read_yaml(path)
    if not isinstance(data, list):
        raise FlowError(f"{path}: write a list of cards, each beginning with '- id:'")
    cards = []
    for number, item in enumerate(data, start=1):
        try:
            cards.append(CardText.model_validate(item))
        except ValidationError as error:
            first = error.errors()[0]
            name = item.get("id", f"number {number}") if isinstance(item, dict) else f"number {number}"
            where = ".".join(str(part) for part in first["loc"]) or "card"
            raise FlowError(f"{path}: card '{name}', {where}: {first['msg'].lower()}") from None
    return cards
