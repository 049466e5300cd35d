"""How fast understanding is: `python -m benchmarks.understanding [--rasa URL]`. The budget (design) is p50 ≤ 0.5 ms a message.

Times the start (loading rules and model), then the classifier and the whole interpreter on the corpus' own messages,
one at a time, as the service does; and the resident memory the model adds. With `--rasa`, the same messages are sent to a
Rasa server in the same run (`rasa run --enable-api -m .rasa/understanding.tar.gz` serves the same model): milliseconds
depend on the machine and on its hour, the ratio much less.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence

import httpx

from nlu.classifier import MODEL_PATH, Classifier
from nlu.corpus import load
from nlu.interpreter import load_interpreter

EVERY = 10
RASA_MESSAGES = 300


def percentiles(call: Callable[[str], object], texts: Sequence[str]) -> tuple[float, float, float]:
    """Give p50, p95 and p99 of a call, in milliseconds."""
    spent = []
    for text in texts:
        started = time.perf_counter()
        call(text)
        spent.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(spent, n=100)
    return cuts[49], cuts[94], cuts[98]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rasa", metavar="URL", help="a Rasa server to measure beside it")
    chosen = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    classifier = Classifier.load()
    print(f"model: {MODEL_PATH.stat().st_size / 1e6:.1f} MB, loaded in {time.perf_counter() - started:.2f} s", end="")
    print(f", {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f} MB of memory")
    started = time.perf_counter()
    interpreter, _ = load_interpreter()
    print(f"whole interpreter: loaded in {time.perf_counter() - started:.2f} s")
    texts = [message.text for message in load()[0][::EVERY]]
    for name, call in (("classifier", classifier.classify), ("whole interpreter", interpreter.interpret)):
        p50, p95, p99 = percentiles(call, texts)
        print(f"{name}: {len(texts)} messages, p50 {p50:.2f} ms, p95 {p95:.2f} ms, p99 {p99:.2f} ms")
    if chosen.rasa:
        with httpx.Client(base_url=chosen.rasa, trust_env=False, timeout=30) as rasa:
            some = texts[:: len(texts) // RASA_MESSAGES]
            theirs, *_ = percentiles(
                lambda text: rasa.post("/model/parse", json={"text": text}).raise_for_status(), some
            )
        ours, *_ = percentiles(interpreter.interpret, some)
        print(
            f"{len(some)} messages: whole interpreter p50 {ours:.2f} ms, Rasa server {theirs:.2f} ms: {theirs / ours:.0f} times"
        )


if __name__ == "__main__":
    main()
