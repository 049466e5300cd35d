"""Train the model with real Rasa on the messages of `nlu/data`: one label for a message's intent and urgency together.

Run it as `python -m nlu.rasa.train [FOLDER]` from the project's root, in the Rasa environment (`nlu/rasa/env.sh`).
Writes `FOLDER/understanding.tar.gz` (default folder: `.rasa`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import yaml

from nlu.labels import trained_label

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "nlu" / "data"
ARCHIVE = "understanding.tar.gz"

FEWEST = 15
"""Messages a label needs. A rarer one would be guessed from a few stories, and balanced classes would shout it."""


def main() -> int:
    """Train; the exit code is Rasa's (the end of its log is shown when it failed)."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".rasa").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    messages = folder / "messages.yml"
    messages.write_text(as_rasa_file(labelled(DATA)), encoding="utf-8")
    print("Training with Rasa: several minutes.", flush=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_CACHE_DIRECTORY": str(folder / "cache"),
        "RASA_MAX_CACHE_SIZE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "OMP_NUM_THREADS": "1",  # one thread adds numbers in one order: the same messages give the same model
        "OPENBLAS_NUM_THREADS": "1",
    }
    arguments = ["train", "nlu", "--config", str(ROOT / "config.yml"), "--nlu", str(messages), "--out", str(folder)]
    arguments += ["--fixed-model-name", ARCHIVE.partition(".")[0]]
    with open(str(folder / "train.log"), "wb") as log:
        command = [sys.executable, "-W", "ignore", "-m", "rasa", *arguments]
        return subprocess.run(
            command, cwd=str(folder), env=environment, stdout=log, stderr=subprocess.STDOUT
        ).returncode


def labelled(data: Path) -> Dict[str, List[str]]:
    """Give the messages (annotations included) of each trained label that has enough of them."""
    messages: Dict[str, List[str]] = {}
    for label, message in _read(data):
        messages.setdefault(label, []).append(message)
    return {label: messages[label] for label in sorted(messages) if len(messages[label]) >= FEWEST}


def _read(data: Path) -> Iterator[Tuple[str, str]]:
    for path in sorted(data.rglob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for block in document.get("nlu", []):
            if "intent" in block:
                label = trained_label(block["intent"], block["metadata"]["urgency"])
                for line in block["examples"].split("\n"):
                    if line.startswith("- "):
                        yield label, line


def as_rasa_file(messages: Dict[str, List[str]]) -> str:
    """Write the messages as one Rasa file."""
    lines = ['version: "3.1"', "nlu:"]
    for label, listed in messages.items():
        lines += ["- intent: {}".format(label), "  examples: |", *("    " + line for line in listed)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
