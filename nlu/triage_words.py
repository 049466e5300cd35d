"""Cuts a message into the plain words that the safety rules are written with.

Pure. The rules must be readable, so a phrase is written once ("respire pas") and this module brings the many
ways to type it there: "il ne respire plus", "y respir' pu", "i respire pus" all hold "respire pu". One list,
`_FORMS`, says which spellings share a word. Only what the rules need is shared: the classifier has its own forms.
"""

from __future__ import annotations

import re

from nlu.normalize import fold

# Numbers keep their decimals and their sign ("3-4" is no minus four); emoji that carry a meaning for the rules become words.
_PIECE = re.compile(r"(?<!\d)-?\d+(?:[.,]\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*|\d+[^\W\d_]+|[.!?;\n]+|[^\w\s,:'\"()*/-]")
_ELIDED = re.compile(r"^(j|m|t|s|l|d|n|c|y|qu|jusqu|lorsqu|puisqu|quelqu)'(.+)$")
_JOINED_JE = re.compile(r"^j([bcdfghlmnpqrtvwz].+|sa.*|se.*|su.*|cr.*)$")

_GROUPS = {
    "j chu": "chu chui chuis jsuis jsui shu chus jchu",
    "j": "je",
    "j ai": "jai jay",
    "j avais": "javais",
    "j etais": "jetais",
    "j ecris": "jecris",
    "j arrive": "jarrive",
    "j aurai": "jaurai",
    "j aurais": "jaurais",
    "j en": "jen",
    "j y": "jy",
    "jp pu": "jpp",
    "chu": "suis",
    "y": "il ils yl",
    "a": "elle elles ell",
    "y est": "ye yest yer",
    "y a": "ya yia",
    "y avait": "yavait",
    "y sont": "yson ysont",
    "a est": "aest",
    "c est": "cest ce'st",
    "c etait": "cetait ct ctait cetai",
    "c pas": "cpas",
    "pu": "plus plu pus",
    "pas": "po paw pa",
    "pi": "pis puis",
    "qqun": "kkun qqn kelkun quelqun qq1 kk1 kekun quelquun",
    "qqch": "kkchose qqchose qqc kekchose kekechose",
    "un": "un1 ein",
    "avec": "ac avek",
    "la": "lah",
    "a matin": "amatin",
    "a soir": "asoir",
    "moi": "moe",
    "toute": "toutes",
    "ici": "icitte icite issi",
    "juste": "jusse",
    "peut": "peu",
    "veut": "veu",
    "veux": "veus",
    "va": "vas vais vai",
    "you": "u ya'll yall",
    "your": "ur",
    "going to": "gonna gunna goin'",
    "want to": "wanna",
    "got to": "gotta",
    "cant": "cannot can't",
    "wont": "won't",
    "friend": "frend freind",
    "breathing": "breathin breething breating breathng brething breathe breathes breath breaths breathin'",
    "respire": "respir respires respirent respirer respirait respirais respiree",
    "souffle": "soufle souffler",
    "levres": "levre babines babine",
    "bleu": "bleus bleue bleues bleuatre bleuie bleute",
    "mauve": "mauves violet violets violette violettes",
    "gris": "grise grises grisatre",
    "blue": "bluish blueish",
    "grey": "gray greyish grayish ashen ashy",
    "reveille": "reveiller reveil reveiler reveillait reveiles reveilles reveillee reveillees reveilent reveillent",
    "repond": "reponds repon respond repondre repondait repondent",
    "bouge": "bouger bouges bougent bougeait",
    "pilules": "pilule pillules pillule pelule pelules pulules",
    "pills": "pill pillz",
    "medicaments": "medicament medocs medoc meds med medication medications",
    "overdose": "overdoses surdose surdoses overdoze overdosee",
    "overdosing": "oding od'ing od-ing overdosin",
    "overdosed": "od'd oded odd od'ed",
    "od": "o.d",
    "narcan": "naloxone narcans narkan narcane naloxon narcanne nalox",
    "mourir": "mourire mourrir",
    "tuer": "tue tues tuerai tuerait tuera",
    "suicide": "suicider suicid suicidal suicidaire suicidaires",
    "bon": "bonne bons bonnes",
    "yes": "yea yeah yep yup",
    "because": "cuz cause bc cus",
    "my": "ma'",
    "hes": "he's",
    "shes": "she's",
    "theyre": "they're",
    "im": "i'm",
    "someone": "somebody sum1 some1",
    "noone": "nobody no-one",
    "tonight": "tonite 2nite tnite tonigt",
    "tomorrow": "tmrw tmr tomorow 2moro tmw tomo",
    "with": "w wit",
    "and": "n",
    "are": "r",
    "please": "pls plz plss pleaz",
    "svp": "stp s'il",
    "laugh": "lol lmao lmfao lolol mdr mdrr ptdr haha hahaha hahah hehe xd mort-de-rire 😂 🤣 💀 lolll",
    "music": "🎵 🎶 ♫ ♪ 🎤",
    "pistolet": "pistolets gun guns fusil fusils carabine carabines rifle arme shotgun glock flingue pistol calibre",
    "knife": "couteau couteaux knives couto cuteau exacto machete machette hache axe blade lame hachoir poignard",
}
_FORMS: dict[str, tuple[str, ...]] = {
    spelling: tuple(shared.split()) for shared, spellings in _GROUPS.items() for spelling in spellings.split()
}
_DROPPED = frozenset({"ne", "n'"})


_WHOLE = frozenset({"jsp", "jtm", "just", "juste", "jesus", "jeux", "jeu", "jean", "jetter", "jeter", "jette"})


def words(text: str) -> list[str]:
    """Cut a message into rule words; the end of a sentence is the word `.`, a question mark is `?`."""
    found: list[str] = []
    for piece in _PIECE.findall(fold(text)):
        forms = _FORMS.get(piece)
        if forms is not None:
            found += forms
        elif piece[0] == "j" or "'" in piece:
            _take_apart(piece, found)
        elif piece[0] in ".!;\n?":
            found.append("?" if "?" in piece else ".")
        elif piece not in _DROPPED:
            found.append(piece)
    return found


def _take_apart(piece: str, found: list[str]) -> None:
    """Put the words of a piece that holds several in `found` ("j'ai", "jveux", "qu'y")."""
    while True:
        forms = _FORMS.get(piece)
        if forms is not None:
            found += forms
            return
        if "'" in piece:
            elided = _ELIDED.match(piece)
            if elided is None:
                piece = piece.replace("'", "")
                continue
            if elided[1] != "n":
                found.append(elided[1])
            piece = elided[2]
            continue
        joined = _JOINED_JE.match(piece) if piece[0] == "j" and piece not in _WHOLE else None
        if joined is None:
            break
        found.append("j")
        piece = joined[1]
    if piece not in _DROPPED:
        found.append(piece)
