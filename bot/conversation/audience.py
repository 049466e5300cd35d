"""For whom a search is, as far as the person said so: age, gender, pet, partner, no papers, wheelchair. Pure; nothing is asked.

Only plain statements count, in the last minutes' own words; what was not said stays unknown and bars no service.
"""

from __future__ import annotations

import re
import unicodedata

from directory.query import Audience, Gender


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


_PARTNER_FR = "mon chum|ma blonde|mon mari|ma femme|mon copain|ma copine"
_PARTNER_EN = "bf|gf|boyfriend|girlfriend|partner|husband|wife"
_NOT_AN_AGE = r"(?!\s*(?:piasses|\$|dollars?|%|min|h\b|jours?|days?))"

_AGE = re.compile(
    rf"\b(?:j'?ai|i'?m|i am|agee? de|aged?)\s+(\d{{1,2}})\s*(?:ans|an|yo|years?|yrs?|y/o)?\b{_NOT_AN_AGE}"
)
_AGE_AFTER = re.compile(r"\b(\d{1,2})\s*(?:ans\b(?!\s*que)|y/?o\b|years? old)")
_AGE_WORDS = _any("ans", "yo", "y/o", "years?")
_WOMAN = _any(
    r"(?:je suis|chu) une (?:femme|fille)",
    r"(?:pour|juste pour) (?:les )?(?:femmes?|filles?)",
    r"refuge (?:pour|de) femmes?",
    r"i'?m a (?:woman|girl)",
    r"women'?s",
    r"(?:for|just) (?:women|girls)",
    r"female only",
)
_MAN = _any(
    r"(?:je suis|chu) un (?:homme|gars)",
    r"(?:pour|juste pour) (?:les )?(?:hommes?|gars)",
    r"i'?m a (?:man|guy|dude)",
    r"men'?s shelter",
    r"(?:for|just) men",
)
_PETS = _any(
    r"(?:avec|with) (?:mon|ma|mes|un|my|a) (?:vieux |old |big )?(?:chiens?|chats?|pitou|minou|dogs?|cats?|pets?)"
)
_COUPLE = _any(
    rf"moi (?:et|pis|pi) (?:{_PARTNER_FR})",
    rf"avec (?:{_PARTNER_FR})",
    r"en couple",
    rf"me and my (?:{_PARTNER_EN})",
    rf"with my (?:{_PARTNER_EN})",
    r"couples?",
)
_NO_ID = _any(
    r"(?:pas|pu|sans|perdu) (?:de |d'|mes |ma |mon )?(?:cartes?|papiers?|pieces? d'identite|identite|ramq|carte soleil)",
    r"(?:no|without|lost my|don'?t have)(?: an?| any| my)? (?:id|i\.d\.|papers|card|health card|ramq)",
)
_WHEELCHAIR = _any("chaise roulante", "fauteuil roulant", "en fauteuil", "wheelchair")
_FAITH_FREE = _any(
    "pas religieux", "pas catho", "sans religion", "pas de (?:priere|messe|religion)", "not religious", "non religious",
    "no (?:religion|church|prayer|preaching)", "secular",
)  # fmt: skip
_LOW_THRESHOLD = _any(
    r"meme si j'?ai (?:bu|consomme)", r"(?:chu|je suis) (?:saoule?|gelee?|high|paquete)", "wet shelter", "sans rendez-vous",
    r"even if i(?:'?m| am)? (?:high|drunk|using)", "bas seuil", "low barrier",
)  # fmt: skip
_YOUNGEST, _OLDEST = 10, 99


def audience_of(said: str) -> Audience:
    """What the person said of themselves in these words."""
    plain = unicodedata.normalize("NFD", said.lower().replace("’", "'"))
    text = "".join(character for character in plain if not unicodedata.combining(character))
    return Audience(
        age=_age(text),
        gender=_gender(text),
        pets=bool(_PETS.search(text)),
        couple=bool(_COUPLE.search(text)),
        no_id=bool(_NO_ID.search(text)),
        wheelchair=bool(_WHEELCHAIR.search(text)),
        faith_free=bool(_FAITH_FREE.search(text)),
        low_threshold=bool(_LOW_THRESHOLD.search(text)),
    )


def _age(text: str) -> int | None:
    found = _AGE.search(text) if _AGE_WORDS.search(text) else None
    match = found or _AGE_AFTER.search(text)
    if match is None:
        return None
    age = int(match.group(1))
    return age if _YOUNGEST <= age <= _OLDEST else None


def _gender(text: str) -> Gender | None:
    woman, man = bool(_WOMAN.search(text)), bool(_MAN.search(text))
    return None if woman == man else "woman" if woman else "man"
