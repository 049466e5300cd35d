"""The words of the model report's page, in French and in English: a coordinator reads it."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Ce que le modèle comprend", "What the model understands"),
    "measured": ("Mesuré sur", "Measured on"),
    "messages": ("messages", "messages"),
    "written": ("Écrit le", "Written on"),
    "model": ("modèle entraîné sur le corpus", "model trained on corpus"),
    "no model": ("sans modèle : les règles de sécurité seules", "no model: the safety rules alone"),
    "private": (
        "Cette page cite des messages du fichier de mesure : elle est pour l'organisme, pas pour le public.",
        "This page quotes messages of the measuring file: it is for the organisation, not for the public.",
    ),
    "bars": ("Les exigences", "The bars"),
    "bars lead": (
        "Ce qu'on exige du modèle avant de s'en servir, et ce qu'il fait. Les durées dépendent de la machine.",
        "What is asked of the model before it is used, and what it does. Durations depend on the machine.",
    ),
    "figure": ("mesure", "figure"),
    "ours": ("le nôtre", "ours"),
    "among": ("sur", "among"),
    "bar": ("exigé", "bar"),
    "aim": ("visé", "aim"),
    "state": ("état", "state"),
    "aimed": ("visée atteinte", "aim met"),
    "met": ("atteint", "met"),
    "missed": ("PAS ATTEINT", "NOT MET"),
    "nothing": ("rien à mesurer", "nothing to measure"),
    "emergency: said emergency": (
        "urgences vitales reconnues comme telles au premier message",
        "emergencies answered as emergencies at the first message",
    ),
    "emergency: paged or asked": (
        "urgences vitales : un humain, ou la question de vérification",
        "emergencies given a human or the check question",
    ),
    "urgent: paged or asked": (
        "messages urgents : un humain, ou la question de vérification",
        "urgent messages given a human or the check question",
    ),
    "none: paged for nothing": (
        "messages calmes qui appellent quelqu'un pour rien",
        "calm messages that page somebody for nothing",
    ),
    "look-alikes: paged for nothing": (
        "faux-semblants difficiles qui appellent quelqu'un",
        "hard look-alikes that page somebody",
    ),
    "none: asked": (
        "messages calmes à qui on pose la question de vérification",
        "calm messages asked the check question",
    ),
    "intent right": ("intention juste du premier coup", "intent right, first"),
    "intent in first 3": ("intention juste parmi les trois premières", "intent right, among three"),
    "language right": ("langue juste", "language right"),
    "place found": ("lieu trouvé quand un lieu est nommé", "place found where one is named"),
    "milliseconds": ("un message, en mémoire (médiane)", "one message, in process (median)"),
    "megabytes": ("taille du modèle", "size of the model"),
    "seconds to load": ("chargement (modèle, règles, lexiques)", "loading (model, rules, word lists)"),
    "curve": ("Trouver les urgences sans déranger pour rien", "Finding emergencies without false pages"),
    "curve lead": (
        "Si on bouge ensemble tous les seuils de nlu/triage/evidence.yml : plus on trouve d'urgences, plus on dérange pour rien. "
        "Le point est le réglage actuel.",
        "If every threshold of nlu/triage/evidence.yml moves together: the more emergencies found, the more false pages. "
        "The dot is today's setting.",
    ),
    "no curve": (
        "Il faut des messages « emergency » et des messages « none » pour la tracer.",
        "Messages labelled emergency and messages labelled none are needed to draw it.",
    ),
    "intents": ("Intention par intention", "Intent by intent"),
    "intents lead": (
        "Rappel : des messages de cette intention, combien sont reconnus. Précision : des messages compris ainsi, combien "
        "le sont avec raison. Sous dix messages, un chiffre dit peu.",
        "Recall: of the messages of that intent, how many are recognised. Precision: of those understood so, how many rightly. "
        "Under ten messages a figure says little.",
    ),
    "recall": ("rappel", "recall"),
    "precision": ("précision", "precision"),
    "confusions": ("Ce qui est confondu", "What is confused"),
    "confusions lead": (
        "Les paires les plus fréquentes, avec des exemples du fichier de mesure "
        "(une autre intention acceptable n'est pas une erreur).",
        "The most frequent pairs, with examples of the measuring file (another fair intent is no mistake).",
    ),
    "labelled": ("étiqueté", "labelled"),
    "understood": ("compris", "understood"),
    "examples": ("exemples", "examples"),
    "no confusion": ("Aucune.", "None."),
    "slices": ("Par langue, longueur et registre", "By language, length and register"),
    "slices lead": (
        "Un message peut être de plusieurs registres ; le registre est lu dans l'écriture quand le fichier ne le dit pas.",
        "A message may be of several registers; the register is read from the writing when the file does not say it.",
    ),
    "language": ("langue", "language"),
    "length": ("longueur, en mots", "length, in words"),
    "register": ("registre", "register"),
    "short said emergency": ("urgences : dites telles", "emergencies: said so"),
    "short emergency paged": ("urgences : un humain", "emergencies: a human"),
    "short urgent paged": ("urgents : un humain", "urgent: a human"),
    "short calm paged": ("calmes : pour rien", "calm: for nothing"),
    "short calm asked": ("calmes : la question", "calm: the question"),
    "learning": ("Ce que plus de messages apportent", "What more messages bring"),
    "learning lead": (
        "Le même modèle entraîné avec une partie du corpus, puis plus, mesuré sur un fichier tenu à part "
        "(nlu/rasa/learning_curve.py). Si la courbe monte encore à droite, écrire des messages aide encore.",
        "The same model trained on a part of the corpus, then more, measured on a file kept apart "
        "(nlu/rasa/learning_curve.py). While the line still climbs on the right, writing messages still helps.",
    ),
    "no learning": (
        "Pas encore mesuré : python -m nlu.rasa.learning_curve FICHIER.jsonl",
        "Not measured yet: python -m nlu.rasa.learning_curve FILE.jsonl",
    ),
    "share of messages": ("part des {most} messages d'entraînement", "share of the {most} training messages"),
    "right first": ("bonne intention au premier choix", "intent right at first"),
    "among three": ("bonne intention parmi trois", "intent right among three"),
    "thin": ("Où le corpus est mince", "Where the corpus is thin"),
    "thin lead": (
        "Cases intention × urgence × langue qui ont moins de 15 messages d'entraînement : en écrire ici aide le plus "
        "(passerelle model add).",
        "Cells intent × urgency × language with fewer than 15 training messages: writing some here helps most "
        "(passerelle model add).",
    ),
    "intent": ("intention", "intent"),
    "urgency": ("urgence", "urgency"),
    "no thin": ("Aucune case mince.", "No thin cell."),
    "situations": ("Situations différentes par intention", "Different situations of each intent"),
    "situations lead": (
        "Combien de situations distinctes le corpus raconte (les messages « seed » n'en ont pas de plus fine "
        "et ne comptent pas).",
        "How many distinct situations the corpus tells (seed messages have none finer, and do not count).",
    ),
    "01-04": ("1 à 4", "1 to 4"),
    "05-12": ("5 à 12", "5 to 12"),
    "13-39": ("13 à 39", "13 to 39"),
    "40+": ("40 et plus", "40 and more"),
    "careful": ("soigné (majuscule et point)", "careful (capital and full stop)"),
    "everyday": ("courant", "everyday"),
    "emoji": ("avec emoji", "with emoji"),
    "capitals": ("tout en majuscules", "all in capitals"),
    "no punctuation, long": ("long, sans ponctuation (comme dicté)", "long, no punctuation (as dictated)"),
    "texting or joual spelling": ("texto ou joual", "texting or joual spelling"),
}
"""By name: the French words, then the English ones."""
