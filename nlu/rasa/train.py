"""Train the two models with real Rasa: intents, then urgency, on the messages of `nlu/data`.

Run it as `python -m nlu.rasa.train [FOLDER]` from the project's root, in the Rasa environment (`nlu/rasa/env.sh`).
Writes `FOLDER/intent.tar.gz` and `FOLDER/urgency.tar.gz` (default folder: `.rasa`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "nlu" / "data"
MODELS = ("intent", "urgency")


def main() -> int:
    """Train both; the exit code is Rasa's (the logs of a failed training say why)."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".rasa").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    urgency_data = folder / "urgency-data.yml"
    urgency_data.write_text(as_urgency_data(), encoding="utf-8")
    print("Training the intent and urgency models with Rasa, side by side: several minutes.", flush=True)
    training = [start(name, data, folder) for name, data in zip(MODELS, (DATA, urgency_data), strict=True)]
    return max(process.wait() for process in training)


def start(name: str, data: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Start `rasa train nlu` on one file or folder of messages; what it says goes to `FOLDER/NAME.log`."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_CACHE_DIRECTORY": str(folder / (name + "-cache")),
        "RASA_MAX_CACHE_SIZE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "OMP_NUM_THREADS": "1",  # two trainings share the machine, and one thread adds numbers in one order
        "OPENBLAS_NUM_THREADS": "1",
    }
    arguments = ["train", "nlu", "--config", str(ROOT / "config.yml"), "--nlu", str(data)]
    arguments += ["--out", str(folder), "--fixed-model-name", name]
    with open(str(folder / (name + ".log")), "wb") as log:
        command = [sys.executable, "-W", "ignore", "-m", "rasa", *arguments]
        return subprocess.Popen(command, cwd=str(folder), env=environment, stdout=log, stderr=subprocess.STDOUT)


def as_urgency_data() -> str:
    """Give the same messages with their urgency in the place of the intent, as one Rasa file."""
    examples = {}
    for path in sorted(DATA.rglob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for block in document.get("nlu", []):
            if "intent" in block:
                examples.setdefault(block["metadata"]["urgency"], []).append(block["examples"].rstrip("\n"))
    lines = ['version: "3.1"', "nlu:"]
    for urgency in sorted(examples):
        lines += ["- intent: {}".format(urgency), "  examples: |"]
        lines += ["    " + line for block in examples[urgency] for line in block.split("\n")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
