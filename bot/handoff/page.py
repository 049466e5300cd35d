"""What workers read: pages, receipts and warnings, in French and English. Pure.

A page says that a conversation waits, its code, its urgency and its language, and nothing about the person. What triage
saw and what the person wrote come after taking, and only on a channel the organisation allows for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.messages import Choice

RELAY_CHARACTERS = {"sms": 1400, "telegram": 3500}
"""Longest relayed text handed to a provider at once (Twilio refuses more than 1,600 characters, Telegram 4,096)."""

_LONGEST_OTHERWISE = 3500

_URGENCY = {
    "emergency": {"fr": "URGENCE VITALE", "en": "LIFE AT RISK"},
    "urgent": {"fr": "Urgent", "en": "Urgent"},
}
_LANGUAGE = {"fr": {"fr": "en français", "en": "en anglais"}, "en": {"fr": "in French", "en": "in English"}}
_CHANNEL = {
    "sms": {"fr": "texto", "en": "text message"},
    "telegram": {"fr": "Telegram", "en": "Telegram"},
    "simulator": {"fr": "téléphone simulé", "en": "simulated phone"},
}
_DANGER = {
    "overdose_now": {"fr": "surdose", "en": "overdose"},
    "suicide_risk": {"fr": "suicide", "en": "suicide"},
    "violence_danger": {"fr": "violence", "en": "violence"},
    "sexual_assault": {"fr": "agression sexuelle", "en": "sexual assault"},
    "medical_emergency": {"fr": "urgence médicale", "en": "medical emergency"},
}
_SAID = {
    "page": {
        "fr": "{code}: une conversation attend. {urgency}, {texter}. Réponds {code} pour la prendre.",
        "en": "{code}: a conversation is waiting. {urgency}, {texter}. Reply {code} to take it.",
    },
    "direct_page": {
        "fr": "Passerelle: URGENCE VITALE sur la ligne, {texter}, pendant une panne. La personne a reçu les consignes du "
        "911. Avise la coordination; le code suit au retour.",
        "en": "Passerelle: LIFE AT RISK on the line, {texter}, during an outage. The person was told to call 911. Alert the "
        "coordinator; the code follows when service is back.",
    },
    "taken": {
        "fr": "{code} est à toi. {urgency}, {texter}.",
        "en": "{code} is yours. {urgency}, {texter}.",
    },
    "how": {
        "fr": "Pour écrire: {code} suivi de tes mots, ils partent tels quels. {code} fin pour fermer.",
        "en": "To write: {code} then your words, sent as they are. {code} end to close.",
    },
    "danger": {"fr": "Danger: {danger}.", "en": "Danger: {danger}."},
    "seen": {"fr": "Vu par le tri: {reasons}.", "en": "Seen by triage: {reasons}."},
    "wrote": {"fr": "La personne a écrit:", "en": "The person wrote:"},
    "elsewhere": {
        "fr": "{code} est à toi. La suite t'arrive par {channel}: les mots de la personne ne passent pas ici.",
        "en": "{code} is yours. The rest reaches you by {channel}: the person's words do not travel here.",
    },
    "no_relay": {
        "fr": "{code} ne peut pas se prendre d'ici: les mots de la personne n'ont pas le droit de passer par {channel}.",
        "en": "{code} cannot be taken from here: the person's words may not travel by {channel}.",
    },
    "already_yours": {"fr": "{code} est déjà à toi.", "en": "{code} is yours already."},
    "has_it": {
        "fr": "{code}: {name} s'en occupe. Rien n'a été envoyé.",
        "en": "{code}: {name} has it. Nothing was sent.",
    },
    "was_taken": {"fr": "{code}: {name} s'en occupe.", "en": "{code}: {name} has it."},
    "is_closed": {
        "fr": "{code} est fermée. Rien n'a été envoyé.",
        "en": "{code} is closed. Nothing was sent.",
    },
    "unknown_code": {
        "fr": "{code}: code inconnu. Rien n'a été envoyé.{codes}",
        "en": "{code}: unknown code. Nothing was sent.{codes}",
    },
    "take_first": {
        "fr": "{code} n'est à personne. Rien n'a été envoyé. Réponds {code} tout seul pour la prendre.",
        "en": "Nobody has {code}. Nothing was sent. Reply {code} alone to take it.",
    },
    "ask_code": {
        "fr": "Pour qui? Rien n'a été envoyé. Mets le code devant: {example} puis tes mots.{codes}",
        "en": "For whom? Nothing was sent. Put the code first: {example} then your words.{codes}",
    },
    "close_which": {
        "fr": "Pour fermer, écris le code puis fin: {example} fin.",
        "en": "To close, write the code then end: {example} end.",
    },
    "nothing_yours": {
        "fr": "Aucune conversation n'est à toi. Rien n'a été envoyé.{codes}",
        "en": "No conversation is yours. Nothing was sent.{codes}",
    },
    "help": {
        "fr": "Un code seul (A7) prend une conversation. Le code puis tes mots: ils partent. Le code puis fin: elle ferme. "
        "Seul le texte passe.{codes}",
        "en": "A code alone (A7) takes a conversation. The code then words sends them. The code then end closes it. Only "
        "text goes through.{codes}",
    },
    "waiting": {"fr": " En attente: {list}.", "en": " Waiting: {list}."},
    "yours": {"fr": " À toi: {list}.", "en": " Yours: {list}."},
    "closed": {"fr": "{code} est fermée. Merci.", "en": "{code} is closed. Thank you."},
    "lost": {
        "fr": "{code}: pas de mots de toi depuis un bout, alors on cherche quelqu'un d'autre. Réponds {code} pour la reprendre.",
        "en": "{code}: no word from you for a while, so somebody else is being paged. Reply {code} to take it back.",
    },
    "unreachable": {
        "fr": "{code}: la personne ne peut plus recevoir nos messages (blocage ou STOP). Elle n'a rien reçu.",
        "en": "{code}: the person can no longer receive our messages (blocked, or STOP). They received nothing.",
    },
    "unreachable_unanswered": {
        "fr": "{code}: toujours sans réponse, et la personne ne peut pas le savoir (blocage ou STOP). Réponds {code} pour "
        "la prendre.",
        "en": "{code}: still no answer, and the person cannot be told (blocked, or STOP). Reply {code} to take it.",
    },
    "erased": {
        "fr": "{code}: la personne a tout effacé. La conversation est fermée.",
        "en": "{code}: the person erased everything. The conversation is closed.",
    },
    "resolved": {
        "fr": "{code}: la personne écrit que ça va mieux. La conversation reste ouverte.",
        "en": "{code}: the person writes that things are better. The conversation stays open.",
    },
    "new_danger": {
        "fr": "{code}: ATTENTION, un nouveau danger est écrit. {urgency}{danger}. Une réponse automatique avec le 911 est "
        "partie.",
        "en": "{code}: WARNING, a new danger was written. {urgency}{danger}. An automatic answer with 911 went out.",
    },
    "relay": {"fr": "{code}: {words}", "en": "{code}: {words}"},
    "take_button": {"fr": "Prendre {code}", "en": "Take {code}"},
    "close_button": {"fr": "Fermer {code}", "en": "Close {code}"},
}


def say(key: str, language: str, **values: str) -> str:
    """One of the sentences above, in a worker's language."""
    return _SAID[key][language if language in ("fr", "en") else "fr"].format(**values)


def page(language: str, code: str, urgency: str, texter_language: str) -> str:
    """The page: a conversation waits. Nothing about the person."""
    return say("page", language, code=code, **_facts(language, urgency, texter_language))


def in_language(reasons: Sequence[str], language: str) -> list[str]:
    """Triage words its reasons as "français / English": the worker's half, without what a longer reason says too."""
    halves = (reason.partition(" / ") for reason in reasons)
    chosen = list(dict.fromkeys(english if language == "en" and english else french for french, _, english in halves))
    said = {reason: frozenset(reason.partition(", ")[0].split(" + ")) for reason in chosen}
    return [reason for reason in chosen if not any(said[reason] < more for more in said.values())]


def direct_page(worker_language: str, texter_language: str) -> str:
    """What on-call workers get when the database is away and an emergency came in: there is no code yet."""
    language = worker_language if worker_language in ("fr", "en") else "fr"
    return say("direct_page", language, texter=_texter(language, texter_language))


def taken(
    language: str,
    code: str,
    urgency: str,
    texter_language: str,
    danger: str | None = None,
    reasons: Sequence[str] = (),
    words: Sequence[str] = (),
) -> str:
    """What the new owner reads: how to answer, what triage saw, and what the person wrote so far."""
    lines = [say("taken", language, code=code, **_facts(language, urgency, texter_language))]
    if danger in _DANGER:
        lines.append(say("danger", language, danger=danger_name(language, danger)))
    if reasons:
        lines.append(say("seen", language, reasons="; ".join(in_language(reasons, language))))
    if words:
        lines.extend([say("wrote", language), *(f"- {text}" for text in words)])
    lines.append(say("how", language, code=code))
    return "\n".join(lines)


def new_danger(language: str, code: str, urgency: str, danger: str | None) -> str:
    """What the owner reads when another danger appears while they have the conversation."""
    name = danger_name(language, danger) if danger else ""
    suffix = f": {name}" if name else ""
    return say("new_danger", language, code=code, urgency=_urgency(language, urgency), danger=suffix)


def codes(language: str, yours: Sequence[str], waiting: Sequence[str]) -> str:
    """The end of a sentence that reminds a worker which codes there are; empty when there are none."""
    text = say("yours", language, list=", ".join(yours)) if yours else ""
    return text + (say("waiting", language, list=", ".join(waiting)) if waiting else "")


def channel_name(language: str, channel: str) -> str:
    """A channel's name in a sentence."""
    return _CHANNEL.get(channel, {}).get(language, channel)


def danger_name(language: str, danger: str | None) -> str:
    """A danger in a word or two; empty for what is not a danger of its own."""
    return _DANGER.get(danger or "", {}).get(language, "")


def take_choice(language: str, code: str) -> Choice:
    """The button that takes a conversation."""
    return Choice(code, say("take_button", language, code=code))


def close_choice(language: str, code: str) -> Choice:
    """The button that closes a conversation."""
    return Choice(f"{code} fin", say("close_button", language, code=code))


def pieces(text: str, channel: str) -> list[str]:
    """A long text cut at spaces into what one message of the channel may carry; nothing is lost but the spaces there."""
    limit = RELAY_CHARACTERS.get(channel, _LONGEST_OTHERWISE)
    rest, found = text.strip(), []
    while len(rest) > limit:
        cut = max(rest.rfind(" ", 0, limit), rest.rfind("\n", 0, limit))
        cut = cut if cut > limit // 2 else limit
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest] if rest else found


def _facts(language: str, urgency: str, texter_language: str) -> dict[str, str]:
    return {"urgency": _urgency(language, urgency), "texter": _texter(language, texter_language)}


def _urgency(language: str, urgency: str) -> str:
    return _URGENCY.get(urgency, _URGENCY["urgent"])[language if language in ("fr", "en") else "fr"]


def _texter(language: str, texter_language: str) -> str:
    names = _LANGUAGE[language if language in ("fr", "en") else "fr"]
    return names.get(texter_language, names["fr"])
