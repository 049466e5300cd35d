"""Turns what a thumb types into comparable words: places and streets, French, English and joual (pure)."""

import re
import unicodedata

from rapidfuzz import fuzz, process


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS = {
    "st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes", "mt": "mont", "mount": "mont",
    "riv": "riviere", "n": "nord", "s": "sud", "pte": "pointe", "nd": "notre dame", "ile": "ile", "hosto": "hopital",
    "hosp": "hopital", "hospital": "hopital", "univ": "universite",
    "subway": "metro", "tro": "metro", "metros": "metro",
    "center": "centre", "park": "parc", "corner": "coin", "intersection": "coin", "angle": "coin", "kwin": "coin",
}  # fmt: skip

# Words around a place, never part of its name when they come first or last.
_FILLERS = _set(
    """
    je suis chu chui jsuis jsuit jui j ai on est rendu pogne proche pres de du des d l la le les un une a au aux en
    dans dins vers sur par cote autour environs alentours coin quartier secteur region ville bout boutte icitte ici
     maintenant now right i im m am we re are is at in on near nearby around by close to next the of from my me
    moi nous mon ma pour for live living stay staying habite reste restons restent vit vis rester  area
    neighbourhood neighborhood district town city where somewhere quelque part genre like euh uh c ca cest sti tse
    pis puis svp please stp direction devant derriere face front behind outside dehors coucher debarque debarquer
    station metro arrondissement borough parages look for looking cherche chercher quelquechose qqch something rue
    vraiment pas loin trop not far bonjour allo hi hello ok oui yes yeah sors sorti arrive vient viens street there
    """
)
# One-word keys that are also ordinary words: they name a place only when nothing else is said.
ORDINARY = _set(
    """
    parc village chum monk peel guy viau fabre college savane cap pointe ile iles centre church eglise acadie tr pat rep
    gat sag bc dt qc hoch joli drum eaton portage versailles cabot concorde cartier laurier est ouest nord sud stade
    faubourg plateau canal hull lac alma amos windsor sutton magog delson oka gore low bury lyster wotton stoke potton
    chapais fortier duhamel laurent concordia glen dawson berry red main desjardins nations  sherb lery
    """
)
# Names that every town has.
GENERIC = frozenset({"centre ville", "downtown", "centreville", "vieux port", "old port", "basse ville", "haute ville"})
_STREET_KINDS = _set(
    """
    rue street boul boulevard blvd bd blv av ave avenue ch chemin road rd route rte place pl  montee mtee rang
    terrasse est ouest e o w east west nord sud north south coin metro station
    """
)
_STREET_MARKS = _set("rue boul boulevard blvd bd av ave avenue chemin rang montee street")
_ARTICLES = _set("de du des d la le les l of the")
_ORDINAL = re.compile(r"(\d+)(?:re|ere|er|e|eme|ieme|iem|nd|nde|rd|th|st)")
_SPOKEN_ORDINALS = {"premiere": "1e", "deuxieme": "2e", "troisieme": "3e", "quatrieme": "4e", "cinquieme": "5e"}


def words_of(text: str) -> list[str]:
    """Lower-case words without accents or punctuation, the usual short forms written out."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words: list[str] = []
    for word in re.findall(r"[a-z0-9]+", folded):
        words += _WORDS.get(word, word).split()
    return words


def key_of(text: str) -> str:
    """The lookup key of a place name, without a leading article."""
    words = words_of(text)
    while len(words) > 1 and words[0] in ("le", "la", "les", "l", "the"):
        words = words[1:]
    return " ".join(words)


def without_fillers(words: list[str]) -> list[str]:
    """The words with everything around the place taken off both ends."""
    start, end = 0, len(words)
    while start < end and words[start] in _FILLERS:
        start += 1
    while end > start and words[end - 1] in _FILLERS:
        end -= 1
    return words[start:end]


def names_a_street(words: list[str]) -> bool:
    """Whether the words say that a street is named ("rue", "boul", "avenue")."""
    return any(word in _STREET_MARKS for word in words)


def without_street_names(words: list[str]) -> list[str]:
    """The words without what follows "rue" or "boul": a street often bears the name of a far town."""
    kept: list[str] = []
    skip = 0
    for position, word in enumerate(words):
        if word in _STREET_MARKS:
            numbered = position > 0 and _ORDINAL.fullmatch(words[position - 1])
            skip = 0 if numbered else 1  # "3e avenue": the name came before
        elif skip and word in _ARTICLES:
            continue
        elif skip:
            skip = 1 if word in ("saint", "sainte", "notre") else 0
        else:
            kept.append(word)
    return kept


def street_words(words: list[str]) -> list[str]:
    """What tells one street from another: no kind, direction, article or house number."""
    kept: list[str] = []
    for position, word in enumerate(words):
        match = _ORDINAL.fullmatch(word)
        if match:
            following = words[position + 1] if position + 1 < len(words) else ""
            kept.append(match[1] + "e" + (" rue" if following == "rue" else ""))
        elif word in _SPOKEN_ORDINALS:
            kept.append(_SPOKEN_ORDINALS[word])
        elif word not in _STREET_KINDS and word not in _ARTICLES:
            kept.append(word)
    if len(kept) > 1 and kept[0].isdigit():
        kept = kept[1:]
    return kept


def street_key(text: str) -> str:
    """The lookup key of a street name."""
    return " ".join(street_words(words_of(text)))


_SOUNDS = (
    (re.compile(r"e?aux?(?:lt|lts|d|t)?\b|e?aux?|\boh\b"), "o"), (re.compile(r"ph"), "f"), (re.compile(r"th"), "t"),
    (re.compile(r"ck|qu|q|c(?![eiyh])"), "k"), (re.compile(r"c(?=[eiy])"), "s"), (re.compile(r"sch|sh|ch"), "ch"),
    (re.compile(r"y"), "i"), (re.compile(r"h(?<!ch)"), ""), (re.compile(r"ge(?=[ao])|g(?=[ei])"), "j"),
    (re.compile(r"(.)\1+"), r"\1"), (re.compile(r"(?<=\w\w\w)(?:e?s|e|t|x)\b"), ""),
)  # fmt: skip


def sound_of(key: str) -> str:
    """Roughly how a key sounds in French, so that "papino" meets "papineau"."""
    for pattern, written in _SOUNDS:
        key = pattern.sub(written, key)
    return key


def like(name: str, sounds: list[str], floor: float, limit: int) -> list[tuple[int, float]]:
    """Indexes of the names (given by `sound_of`) that sound like this one, with a score up to 100, best first."""
    wanted = sound_of(name)
    matches = process.extract(wanted, sounds, scorer=fuzz.ratio, score_cutoff=floor, limit=limit + 2)
    # People misspell the middle and the end of a name: another first sound is another name.
    return [(index, score) for sound, score, index in matches if sound[:1] == wanted[:1]][:limit]
