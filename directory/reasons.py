"""Why a service is in the answer, as codes, and the codes in the person's words, French and English (pure).

A code may carry a value after a colon: `ages:12-30`, `speaks:fr`, `beds:3`.
"""

from datetime import date
from typing import Literal

from directory.hours import Opening
from directory.query import Audience
from directory.traits import Trait, language_bit, languages_of

_WORDS: dict[str, tuple[str, str]] = {
    "open_always": ("ouvert 24 h", "open 24 hours"),
    "open_now": ("ouvert", "open"),
    "closed_now": ("fermé", "closed"),
    "hours_unknown": ("heures pas connues", "hours not known"),
    "holiday_hours_unknown": ("férié : heures pas connues, appelle avant", "holiday: hours not known, call first"),
    "far": ("loin", "far"),
    "never_confirmed": ("à vérifier", "to be verified"),
    "confirmed_long_ago": ("confirmé il y a longtemps, à vérifier", "confirmed long ago, to be verified"),
    "reported_closed": ("signalé fermé", "reported closed"),
    "reported_full": ("signalé plein", "reported full"),
    "no_beds": ("pus de place", "no space left"),
    "beds": ("places libres: {}", "free spaces: {}"),
    "address_confidential": ("adresse confidentielle, appelle", "confidential address, call"),
    "women_only": ("pour les femmes", "for women"),
    "men_only": ("pour les hommes", "for men"),
    "ages": ("{} ans", "ages {}"),
    "pets_ok": ("animaux acceptés", "pets welcome"),
    "couples_ok": ("couples acceptés", "couples welcome"),
    "no_id_needed": ("sans carte d'identité", "no ID needed"),
    "id_needed": ("carte d'identité demandée", "ID asked for"),
    "wheelchair_ok": ("accessible en fauteuil", "wheelchair accessible"),
    "wheelchair_unknown": ("accès en fauteuil pas connu", "wheelchair access not known"),
    "wheelchair_no": ("pas accessible en fauteuil", "not wheelchair accessible"),
    "faith_based": ("organisme religieux", "faith-based"),
    "low_threshold": ("on te demande rien", "no questions asked"),
    "speaks": ("service en {}", "service in {}"),
    "language_unknown": ("langue pas connue", "language not known"),
    "mobile": ("se déplace", "mobile"),
}
_LANGUAGES = {
    "fr": ("français", "French"), "en": ("anglais", "English"), "es": ("espagnol", "Spanish"), "iu": ("inuktitut",) * 2,
    "cr": ("cri", "Cree"), "moe": ("innu", "Innu"), "atj": ("atikamekw", "Atikamekw"), "ht": ("créole", "Creole"),
    "ar": ("arabe", "Arabic"), "fcs": ("LSQ", "LSQ"), "ase": ("ASL", "ASL"),
}  # fmt: skip


def explain(reason: str, language: Literal["fr", "en"]) -> str:
    """A reason code in words, ready to be put in a text message."""
    code, _, value = reason.partition(":")
    position = 0 if language == "fr" else 1
    words = _WORDS[code][position]
    if code == "speaks":
        value = _LANGUAGES[value][position] if value in _LANGUAGES else value
    return words.format(value)


def reasons_for(
    opening: Opening, km: float | None, near_km: float, confirmed: date | None, to_verify: bool, reports: int,
    beds: int | None, traits: Trait, ages: tuple[int, int], languages: int, audience: Audience,
) -> tuple[str, ...]:  # fmt: skip
    """The codes for one service, what matters most first."""
    codes = [_about_opening(opening)]
    codes += ["reported_closed"] if reports & 1 else []
    codes += ["reported_full"] if reports & 2 else []
    if beds is not None:
        codes.append(f"beds:{beds}" if beds else "no_beds")
    codes += ["address_confidential"] if Trait.CONFIDENTIAL in traits else []
    codes += ["far"] if km is not None and km > near_km else []
    if to_verify:
        codes.append("never_confirmed" if confirmed is None else "confirmed_long_ago")
    codes += _about_fit(traits, ages, audience) + _about_language(languages, audience)
    return tuple(codes)


def _about_opening(opening: Opening) -> str:
    if opening.open is None:
        return "holiday_hours_unknown" if opening.why == "holiday" else "hours_unknown"
    if not opening.open:
        return "closed_now"
    return "open_always" if opening.why == "always" else "open_now"


def _about_fit(traits: Trait, ages: tuple[int, int], audience: Audience) -> list[str]:
    codes = []
    codes += ["women_only"] if Trait.WOMEN_ONLY in traits else []
    codes += ["men_only"] if Trait.MEN_ONLY in traits else []
    if ages != (0, 200):
        low, high = ages
        codes.append(f"ages:{low}+" if high == 200 else f"ages:{low}-{high}")
    codes += ["mobile"] if Trait.MOBILE in traits else []
    codes += ["pets_ok"] if audience.pets and Trait.PETS_OK in traits else []
    codes += ["couples_ok"] if audience.couple and Trait.COUPLES_OK in traits else []
    codes += ["no_id_needed"] if audience.no_id and Trait.ID_NOT_NEEDED in traits else []
    codes += ["id_needed"] if Trait.ID_NEEDED in traits else []
    if audience.wheelchair:
        codes.append("wheelchair_ok" if Trait.WHEELCHAIR_OK in traits else "wheelchair_unknown")
    codes += ["faith_based"] if Trait.FAITH_BASED in traits else []
    codes += ["low_threshold"] if Trait.LOW_THRESHOLD in traits else []
    return codes


def _about_language(languages: int, audience: Audience) -> list[str]:
    if not audience.languages:
        return []
    if languages == 0:
        return ["language_unknown"]
    spoken = sorted(code for code in audience.languages if language_bit(code) & languages)
    return [f"speaks:{code}" for code in spoken] or [f"speaks:{code}" for code in languages_of(languages)[:2]]
