"""For whom a service is, as bits: read from our own attribute terms and from what common HSDS columns say (pure)."""

import re
from enum import IntFlag

from directory.clock import plain

TAXONOMY = "passerelle"  # the taxonomy our own terms belong to; a term's code is a need, a trait or "owner"


class Trait(IntFlag):
    """One fact about a service. A fact that is not set is not known, never "no"."""

    WOMEN_ONLY = 1
    MEN_ONLY = 2
    PETS_OK = 4
    PETS_NO = 8
    COUPLES_OK = 16
    COUPLES_NO = 32
    ID_NEEDED = 64
    ID_NOT_NEEDED = 128
    WHEELCHAIR_OK = 256
    WHEELCHAIR_NO = 512
    FAITH_BASED = 1024
    FAITH_FREE = 2048
    LOW_THRESHOLD = 4096
    MOBILE = 8192
    PHONE_LINE = 16384
    CONFIDENTIAL = 32768
    PROVINCE_WIDE = 65536
    GUESSED_NEED = 131072  # the need was read from the name: the service carries no category


TRAIT_CODES = {trait.name.lower(): trait for trait in Trait if trait.name and trait is not Trait.GUESSED_NEED}

LANGUAGES = (
    "fr", "en", "es", "iu", "cr", "moe", "atj", "ht", "ar", "pt", "it", "zh", "ru", "pa", "fa", "vi", "ro", "el", "de",
    "pl", "uk", "tl", "bn", "ur", "ta", "so", "ase", "fcs", "sw", "hi",
)  # fmt: skip
_LANGUAGE_NAMES = {
    "francais": "fr", "french": "fr", "fra": "fr", "fre": "fr", "anglais": "en", "english": "en", "eng": "en",
    "espagnol": "es", "spanish": "es", "spa": "es", "espanol": "es", "inuktitut": "iu", "iku": "iu", "cri": "cr",
    "cree": "cr", "cre": "cr", "innu": "moe", "atikamekw": "atj", "creole": "ht", "haitian creole": "ht",
    "creole haitien": "ht", "hat": "ht", "haitian": "ht", "arabe": "ar", "arabic": "ar", "ara": "ar", "portugais": "pt",
    "portuguese": "pt", "por": "pt", "italien": "it", "italian": "it", "ita": "it", "mandarin": "zh", "chinois": "zh",
    "chinese": "zh", "cantonese": "zh", "zho": "zh", "russe": "ru", "russian": "ru", "rus": "ru", "punjabi": "pa",
    "farsi": "fa", "persan": "fa", "vietnamien": "vi", "vietnamese": "vi", "roumain": "ro", "romanian": "ro",
    "grec": "el", "greek": "el", "allemand": "de", "german": "de", "polonais": "pl", "polish": "pl", "ukrainien": "uk",
    "ukrainian": "uk", "tagalog": "tl", "bengali": "bn", "ourdou": "ur", "urdu": "ur", "tamoul": "ta", "tamil": "ta",
    "somali": "so", "asl": "ase", "american sign language": "ase", "lsq": "fcs", "langue des signes quebecoise": "fcs",
    "swahili": "sw", "hindi": "hi",
}  # fmt: skip
_LANGUAGE_BITS = {code: 1 << position for position, code in enumerate(LANGUAGES)}

_WOMEN = re.compile(
    r"^(?:for |pour )?(?:les |adult )?(?:femmes?|women|woman|females?)\b(?!.*\b(?:hommes?|men|males?)\b)"
)
_MEN = re.compile(r"^(?:for |pour )?(?:les |adult )?(?:hommes?|men|man|males?)\b(?!.*\b(?:femmes?|women|females?)\b)")
_IDENTITY = re.compile(r"\b(?:piece d'identite|identification|photo id|valid id|\bid\b|carte d'identite|identity)\b")
_WHEELCHAIR = re.compile(r"\b(?:wheelchair|handicap|fauteuil|step-free|ada\b|accessible)")
_NOT = re.compile(r"\b(?:not|non|no|pas|aucun|inaccessible|partial|partiel)")
_SECRET = re.compile(r"\b(?:confidenti|undisclosed|adresse secrete|not published|non publiee)")


def language_code(name_or_code: str) -> str | None:
    """ISO 639-1 (or 639-3) code of a language we know, from its code or its name."""
    folded = plain(name_or_code)
    return folded if folded in _LANGUAGE_BITS else _LANGUAGE_NAMES.get(folded)


def language_bit(name_or_code: str) -> int:
    """The bit of a language, 0 when it is not one we know."""
    code = language_code(name_or_code)
    return _LANGUAGE_BITS[code] if code else 0


def languages_of(bits: int) -> tuple[str, ...]:
    """The codes that a set of bits holds."""
    return tuple(code for code, bit in _LANGUAGE_BITS.items() if bits & bit)


def from_eligibility(text: str) -> Trait:
    """ "Femmes", "Women only": only when the text starts so and names no one else."""
    folded = plain(text)
    if _WOMEN.match(folded):
        return Trait.WOMEN_ONLY
    return Trait.MEN_ONLY if _MEN.match(folded) else Trait(0)


def from_accessibility(text: str) -> Trait:
    """Wheelchair access as an accessibility row says it."""
    folded = plain(text)
    if not _WHEELCHAIR.search(folded):
        return Trait(0)
    return Trait.WHEELCHAIR_NO if _NOT.search(folded) else Trait.WHEELCHAIR_OK


def from_required_document(text: str) -> Trait:
    """A required document that is an identity paper."""
    return Trait.ID_NEEDED if _IDENTITY.search(plain(text)) else Trait(0)


def is_secret(text: str) -> bool:
    """Whether a text says that an address is confidential."""
    return _SECRET.search(plain(text)) is not None


def age_limits(minimum: object, maximum: object) -> tuple[int, int]:
    """Age limits in years, (0, 200) when there is none; 0 and 100 or more are how files write "no limit"."""
    low, high = _years(minimum), _years(maximum)
    return (low if low and 0 < low < 120 else 0), (high if high and 0 < high < 100 else 200)


def _years(value: object) -> int | None:
    try:
        return int(float(str(value))) if value not in (None, "") else None
    except ValueError:
        return None
