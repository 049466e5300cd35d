"""What the demonstration's page says, in French first and in English. What the phones say comes from the service itself."""

from __future__ import annotations

from dataclasses import dataclass, field

LANGUAGES = ("fr", "en")

Words = dict[str, str]

WORDS: dict[str, Words] = {
    "fr": {
        "title": "Passerelle, démonstration",
        "lede": "Une ligne de textos anonyme, et un humain au bout.",
        "not_a_line": "Démonstration: personne n'écoute ici. Danger réel: appelle le 911. Idées suicidaires: 988.",
        "channel": "Textos et Telegram simulés",
        "channel_more": "Rien ne sort de cette machine.",
        "on_call": "De garde:",
        "nobody": "personne",
        "language": "Langue de la page",
        "phones": "Téléphones",
        "texter": "Personne qui texte",
        "texter_short": "Qui texte",
        "texter_thread": "Fil de {name}",
        "person": "Personne {n}",
        "new_person": "Nouvelle personne",
        "new_person_short": "nouvelle personne",
        "line_name": "Ligne anonyme, textos simulés",
        "worker": "Téléphone de l'équipe",
        "worker_short": "Équipe",
        "worker_line": "Alertes de Passerelle",
        "on_call_badge": "de garde",
        "empty_texter": "Écris comme tu parles. Pas de nom, pas d'inscription.",
        "empty_worker": "Rien pour l'instant. Une alerte arrive ici quand quelqu'un a besoin d'un humain.",
        "examples": "Exemples à envoyer",
        "write": "Ton texto",
        "write_worker": "Ta réponse",
        "placeholder": "Texto",
        "placeholder_worker": "Réponds, ou un code comme A7",
        "send": "Envoyer",
        "share": "Partager ma position",
        "share_title": "Où es-tu?",
        "share_lede": "L'endroit précis sert à chercher, puis il est oublié.",
        "coordinates": "Ou des coordonnées",
        "coordinates_hint": "45.51, -73.56",
        "close_dialog": "Fermer",
        "codes": "Conversations",
        "write_to": "Écrire à {code}",
        "more": "Suite",
        "me": "moi",
        "them": "reçu",
        "unread": "{n} non lus",
        "connecting": "Connexion…",
        "lost": "La page a perdu le service. Elle réessaie.",
        "no_script": "Cette page a besoin de JavaScript pour simuler les deux téléphones.",
        "characters_left": "Trop long de {n}.",
        "error_empty": "Écris quelque chose avant d'envoyer.",
        "error_long": "C'est trop long: {limit} caractères au plus.",
        "error_phone": "Ce téléphone n'existe pas. Recharge la page.",
        "error_choice": "Ce choix n'est plus sur le téléphone. Écris ta réponse.",
        "error_position": "Écris deux nombres, comme 45.51, -73.56.",
        "error_request": "La demande n'est pas lisible. Recharge la page.",
        "error_origin": "La demande vient d'une autre page. Ouvre la démonstration à son adresse.",
        "error_network": "Ça n'a pas passé. Vérifie que le service roule, puis réessaie.",
    },
    "en": {
        "title": "Passerelle, demonstration",
        "lede": "An anonymous text line, and a human at the end of it.",
        "not_a_line": "Demonstration: nobody is listening here. Real danger: call 911. Thoughts of suicide: 988.",
        "channel": "Simulated texts and Telegram",
        "channel_more": "Nothing leaves this machine.",
        "on_call": "On call:",
        "nobody": "nobody",
        "language": "Language of this page",
        "phones": "Phones",
        "texter": "Person texting",
        "texter_short": "Texting",
        "texter_thread": "{name}'s thread",
        "person": "Person {n}",
        "new_person": "New person",
        "new_person_short": "new person",
        "line_name": "Anonymous line, simulated texts",
        "worker": "The team's phone",
        "worker_short": "Team",
        "worker_line": "Alerts from Passerelle",
        "on_call_badge": "on call",
        "empty_texter": "Write the way you talk. No name, no account.",
        "empty_worker": "Nothing for now. An alert arrives here when somebody needs a human.",
        "examples": "Examples to send",
        "write": "Your text",
        "write_worker": "Your answer",
        "placeholder": "Text message",
        "placeholder_worker": "Answer, or a code such as A7",
        "send": "Send",
        "share": "Share my position",
        "share_title": "Where are you?",
        "share_lede": "The precise place is used to search, then forgotten.",
        "coordinates": "Or coordinates",
        "coordinates_hint": "45.51, -73.56",
        "close_dialog": "Close",
        "codes": "Conversations",
        "write_to": "Write to {code}",
        "more": "More",
        "me": "me",
        "them": "received",
        "unread": "{n} unread",
        "connecting": "Connecting…",
        "lost": "The page lost the service. It is trying again.",
        "no_script": "This page needs JavaScript to simulate the two phones.",
        "characters_left": "Too long by {n}.",
        "error_empty": "Write something before sending.",
        "error_long": "That is too long: {limit} characters at most.",
        "error_phone": "This phone does not exist. Reload the page.",
        "error_choice": "That choice is no longer on the phone. Write your answer.",
        "error_position": "Write two numbers, such as 45.51, -73.56.",
        "error_request": "The request cannot be read. Reload the page.",
        "error_origin": "The request comes from another page. Open the demonstration at its own address.",
        "error_network": "It did not go through. Check that the service is running, then try again.",
    },
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "fr": (
        "yo mon chum est bleu y répond pu",
        "cherche un lit pour à soir, métro berri",
        "j'ai pu de seringues, métro berri",
        "j'ai pu envie de vivre",
        "ya tu qqn à qui parler",
        "c'est tu anonyme ton affaire",
        "EFFACE",
    ),
    "en": (
        "yo my buddys blue he wont wake up",
        "need a bed tonight, berri metro",
        "out of needles, berri metro",
        "i dont wanna be here anymore",
        "can i talk to a real person",
        "is this anonymous",
        "DELETE",
    ),
}
"""Messages to try, as people write them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the small list of pins."""

    name: str
    position: tuple[float, float] = field(repr=False)


PLACES = (
    Place("Métro Berri-UQAM, Montréal", (45.5152, -73.5612)),
    Place("Métro Parc, Montréal", (45.5303, -73.6241)),
    Place("Saint-Roch, Québec", (46.8139, -71.2262)),
    Place("Vieux-Hull, Gatineau", (45.4287, -75.7130)),
    Place("Centre-ville, Sherbrooke", (45.4035, -71.8938)),
    Place("Vieux-Noranda, Rouyn-Noranda", (48.2443, -79.0164)),
    Place("Rimouski", (48.4489, -68.5239)),
)


def words(language: str) -> Words:
    """The page's words; French for any language it does not have."""
    return WORDS.get(language, WORDS["fr"])
