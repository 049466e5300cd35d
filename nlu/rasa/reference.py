"""Write what real Rasa says of several hundred messages: the fixture that `tests/nlu/test_parity.py` replays.

Run it as `python -m nlu.rasa.reference [FOLDER [FILE]]` in the Rasa environment, after `nlu.rasa.train`.
A line is one message: `text`, `ranking` (the ten likeliest intents of Rasa, with confidence) and `urgency`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any, Dict, Iterable, List

import yaml

from nlu.labels import intent_of, urgency_of
from nlu.rasa.train import ARCHIVE

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests" / "nlu" / "reference.jsonl.gz"
EVERY = 40  # one training message in so many

# What breaks tokenizers: signs, joiners, scripts, lengths, numbers, stretched words, stray annotation marks.
NASTY = [
    " ",
    "\t\n \r",
    "?",
    "!!!",
    "...",
    "0",
    "911",
    "911!!",
    "a",
    "é",
    "y",
    "1234567890",
    "j'ai 13 ans pis mon frère 15",
    "514-555-0100 rappelle",
    "10'000.00 $",
    "H2X 1Y4",
    "aaaaaaaaaaaaaaa",
    "heeeeeelp meeeee",
    "AAAAAAAIIIIDE",
    "CHU À TERRE PIS Y RESPIRE PU",
    "chu pu capable",
    "j’veux pu vivre… 😭😭😭",
    "j'j'j'j'j'",
    "l'l'l'eau",
    "qu'est-ce qu'y faut qu'j'fasse",
    "qqch qqn qqpart kk1",
    "👍",
    "👍🏽👍🏽",
    "👨‍👩‍👧‍👦 on a faim",
    "🇫🇷 🇨🇦",
    "❤️‍🩹",
    "☠️ mort de rire ☠️",
    "1️⃣",
    "z̸̢̛a̵l̶g̷o̴ h̷e̸l̶p̵",
    "ca\u0301fe\u0301 de\u0301truit",
    "ＨＥＬＰ ＭＥ",
    "𝐡𝐞𝐥𝐩 𝓶𝓮",
    "he\u200blp\u200d m\u2060e",
    "\ufeffaide",
    "\u202eaide moi\u202c",
    "au secours\0\0 il respire pas",
    "x\x1cy\x1fz",
    "\x85 nel \u2028 ligne \u2029 para",
    "\u00a0espace\u00a0insécable\u202f!",
    "помогите мне",
    "ayúdame por favor",
    "助けて",
    "مساعدة",
    "ᐃᑲᔪᙵ",
    "ſtraße ǅ ﬁn ŒUVRE",
    "İstanbul ıslak",
    "²³ ½ ٣٤ ৪",
    "a_b __init__ __NUMBER__ nothingtoread",
    "<script>alert(1)</script>",
    "'; DROP TABLE contacts; --",
    "http://exemple.test/?a=1&b=2#c",
    "@chum #overdose 50% & + = / \\ ~ ^ `",
    "[Berri](place) {x}",
    "mot " * 900,
    "a" * 4000,
    "é'" * 1500,
    "😭" * 1000,
    "ok " * 3 + "urgence " * 40,
]


def sample() -> List[str]:
    """Choose the messages: a few in each block of the corpus, some disfigured, and the nasty ones."""
    written = []
    for path in sorted((ROOT / "nlu" / "data").rglob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for block in document.get("nlu", []):
            if "intent" in block:
                written += [line[2:] for line in block["examples"].split("\n") if line.startswith("- ")]
    chosen = [without_annotations(line) for line in written[::EVERY]]
    disfigured = [_disfigure(number, text) for number, text in enumerate(chosen[::4])]
    return list(dict.fromkeys([*chosen, *disfigured, *NASTY]))


def without_annotations(line: str) -> str:
    """Give the words of a message as they are written in the corpus."""
    for entity in ("place", "substance", "supply", "time", "person", "age_group", "language"):
        line = line.replace("]({})".format(entity), "")
    return line.replace("[", "")


def _disfigure(number: int, text: str) -> str:
    ways = (
        text.upper(),
        text.replace(" ", ""),
        text[::2],
        " ".join(reversed(text.split())),
        text.replace("e", "eee"),
        text + " " + text,
    )
    return ways[number % len(ways)]


async def ask(model: Path, texts: Iterable[str]) -> List[List[Dict[str, Any]]]:
    """Give Rasa's whole ranking for each text."""
    # Imported here: TensorFlow comes with it, and its chatter has to be turned off first.
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"})
    warnings.simplefilter("ignore")
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    agent = Agent.load(str(model))
    return [(await agent.parse_message(text))["intent_ranking"] for text in texts]


def _line(text: str, ranking: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Add Rasa's probabilities up, by intent and by urgency."""
    intents: Dict[str, float] = {}
    urgencies: Dict[str, float] = {}
    for one in ranking:
        for sums, name in ((intents, intent_of(one["name"])), (urgencies, urgency_of(one["name"]))):
            sums[name] = sums.get(name, 0.0) + one["confidence"]
    best = sorted(intents.items(), key=lambda item: -item[1])[:10]
    return {
        "text": text,
        "ranking": [[name, round(confidence, 9)] for name, confidence in best],
        "urgency": {name: round(confidence, 9) for name, confidence in urgencies.items()},
    }


def main() -> int:
    """Write the fixture."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".rasa"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else FIXTURE
    texts = sample()
    rankings = asyncio.run(ask(folder / ARCHIVE, texts))
    lines = [json.dumps(_line(text, ranking)) for text, ranking in zip(texts, rankings, strict=True)]
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(str(target), "wb") as handle:
        handle.write(gzip.compress(("\n".join(lines) + "\n").encode("ascii"), mtime=0))
    print("{}: {} messages".format(target, len(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
