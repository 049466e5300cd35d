"""Our classifier beside Rasa's DIET, trained on the same messages: accuracy, time, memory. Some 45 minutes.

`python -m benchmarks.diet train FOLDER [--data nlu/data]` trains DIET with the pipeline Rasa proposes for a language
without word vectors, but for the transformer layers (see `TRANSFORMER_LAYERS`), in the Rasa environment
(`nlu/rasa/env.sh`), and writes what it took into `FOLDER`.
`python -m benchmarks.diet measure FOLDER SET.jsonl` serves that model with Rasa's own server, asks it every message of a
labelled set, asks our classifier the same, and prints a table. Train both on the same messages, or it means nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from nlu.classifier import Classifier
from nlu.evaluate import Labelled, read_labelled

ROOT = Path(__file__).resolve().parents[1]
RASA = [str(ROOT / ".venv-rasa" / "bin" / "python"), "-W", "ignore", "-m", "rasa"]
ENVIRONMENT = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
EPOCHS, TRANSFORMER_LAYERS, BATCH = 40, 0, 256
"""Without transformer layers: with two of them, of half the usual size, one epoch of 21,000 messages took 11 minutes of a busy
core, and Rasa's defaults ask for 300."""

PIPELINE = f"""recipe: default.v1
language: fr
pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: {EPOCHS}
  batch_size: {BATCH}
  number_of_transformer_layers: {TRANSFORMER_LAYERS}
  constrain_similarities: true
  entity_recognition: false
policies: []
"""
START_SECONDS = 300.0

Ranking = list[str]


def train(folder: Path, data: Path) -> None:
    """Train DIET on the intents of `data`; `FOLDER/trained.json` keeps the time and the largest memory it took."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(PIPELINE, encoding="utf-8")
    command = [*RASA, "train", "nlu", "--nlu", str(data.resolve()), "--out", ".", "--fixed-model-name", "diet"]
    started = time.monotonic()
    with (folder / "train.log").open("wb") as log:
        subprocess.run(command, cwd=folder, env={**os.environ, **ENVIRONMENT}, check=True, stdout=log, stderr=log)
    spent = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    (folder / "trained.json").write_text(json.dumps({"seconds": spent, "peak_mb": peak}), encoding="utf-8")
    print(f"DIET trained in {spent / 60:.0f} min, at most {peak:.0f} MB")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, float, int]]:
    """Serve the trained model; gives its address, the seconds it took to answer, and its process id."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    command = [*RASA, "run", "--enable-api", "-m", "diet.tar.gz", "-i", "127.0.0.1", "-p", str(port)]
    started = time.monotonic()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **ENVIRONMENT}, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(address):
            if server.poll() is not None or time.monotonic() - started > START_SECONDS:
                sys.exit(f"Rasa's server did not start: read {folder / 'server.log'}")
            time.sleep(0.2)
        yield address, time.monotonic() - started, server.pid
    finally:
        server.terminate()
        server.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/status", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def timed(ask: Callable[[str], Ranking], messages: Sequence[Labelled]) -> tuple[list[Ranking], list[float]]:
    """Ask every message, one at a time; gives the rankings and the milliseconds each took."""
    rankings, spent = [], []
    for message in messages:
        started = time.perf_counter()
        rankings.append(ask(message.text))
        spent.append((time.perf_counter() - started) * 1000)
    return rankings, spent


def row(name: str, messages: Sequence[Labelled], rankings: list[Ranking], spent: list[float], memory: float) -> str:
    """Give one line of the table."""
    pairs = list(zip(messages, rankings, strict=True))
    first = statistics.mean(ranking[0] == message.intent for message, ranking in pairs)
    three = statistics.mean(message.intent in ranking[:3] for message, ranking in pairs)
    cuts = statistics.quantiles(spent, n=100)
    return f"| {name} | {first:.1%} | {three:.1%} | {cuts[49]:.2f} ms | {cuts[94]:.2f} ms | {memory:.0f} MB |"


def resident(process: int) -> float:
    """Give the resident memory of a process, in MB (Linux)."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure(folder: Path, labelled: Path) -> None:
    """Print the table: share right first and among three, time a message, memory of the process."""
    messages = read_labelled(labelled)
    print("| | right first | among three | p50 | p95 | memory of the process |\n|---|---:|---:|---:|---:|---:|")
    with served(folder) as (address, start, process), httpx.Client(base_url=address, timeout=30) as client:

        def ask(text: str) -> Ranking:
            answer = client.post("/model/parse", json={"text": text}).json()
            return [item["name"] for item in answer["intent_ranking"]]

        ask("bonjour")
        print(row("DIET, Rasa's server", messages, *timed(ask, messages), resident(process)), flush=True)
    classifier = Classifier.load()
    ours = timed(lambda text: [ranked.intent for ranked in classifier.classify(text)[0]], messages)
    print(row("ours, in process", messages, *ours, resident(os.getpid())))
    trained = json.loads((folder / "trained.json").read_text(encoding="utf-8"))
    print(f"\nDIET: trained in {trained['seconds'] / 60:.0f} min, at most {trained['peak_mb']:.0f} MB; ", end="")
    print(f"its server answers {start:.0f} s after it is started.")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Our classifier beside Rasa's DIET on the same messages.")
    stages = parser.add_subparsers(dest="stage", required=True)
    training = stages.add_parser("train", help="train DIET (long)")
    training.add_argument("folder", type=Path)
    training.add_argument("--data", type=Path, default=ROOT / "nlu" / "data")
    measuring = stages.add_parser("measure", help="serve it and compare")
    measuring.add_argument("folder", type=Path)
    measuring.add_argument("set", type=Path, metavar="SET.jsonl")
    options = parser.parse_args()
    if options.stage == "train":
        train(options.folder, options.data)
    else:
        measure(options.folder, options.set)


if __name__ == "__main__":
    main()
