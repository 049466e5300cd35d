"""Train again with real Rasa and compare: the gate on the committed model. Run `python -m nlu.rasa.check`.

Two comparisons: the new export against the Rasa that trained it (the computation is the same), and the committed
model against that Rasa (the committed file comes from these messages and this pipeline). Runs in the service's
environment; Rasa runs in its own. Where there is no Python 3.10 it says so, visibly, and succeeds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nlu.classifier import MODEL_PATH, Classifier
from nlu.parity import TOLERANCE, differences, read_reference

ROOT = Path(__file__).resolve().parents[2]
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
NO_PYTHON = 3  # what env.sh answers

# Another processor adds numbers in another order, and training stops a step earlier or later.
RETRAINED_TOLERANCE = 0.02
RETRAINED_SHARE = 0.99


def main() -> int:
    """Exit 0: the same, or skipped; 1: different, or a step failed."""
    started = time.monotonic()
    made = subprocess.run(["sh", str(ROOT / "nlu" / "rasa" / "env.sh")]).returncode
    if made == NO_PYTHON:
        print("SKIPPED model check: no Python 3.10 here (see above). The parity test still replays Rasa's answers.")
        return 0
    if made:
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference, exported = folder / "reference.jsonl.gz", folder / "understanding.npz"
        steps = (("train", [folder]), ("export", [folder, exported]), ("reference", [folder, reference]))
        for step, arguments in steps:
            command = [str(RASA_PYTHON), "-W", "ignore", "-m", "nlu.rasa." + step, *map(str, arguments)]
            if subprocess.run(command, cwd=str(ROOT)).returncode:
                for log in sorted(folder.glob("*.log")):
                    print(log.read_text(encoding="utf-8", errors="replace")[-2000:], file=sys.stderr)
                print("Model check failed at the step: {}".format(step), file=sys.stderr)
                return 1
        said = read_reference(reference)
        same = list(differences(Classifier.load(exported), said))
        committed = list(differences(Classifier.load(MODEL_PATH), said))
    worst = max(one.confidence for one in same)
    close = sum(one.confidence <= RETRAINED_TOLERANCE for one in committed) / len(committed)
    print("{} messages in {:.0f} s".format(len(said), time.monotonic() - started))
    print("new export against Rasa: largest difference {:.1e} (allowed {:.0e})".format(worst, TOLERANCE))
    print("committed model: {:.1%} within {} (needed {:.0%})".format(close, RETRAINED_TOLERANCE, RETRAINED_SHARE))
    failed = worst > TOLERANCE or any(one.ranked_otherwise for one in same) or close < RETRAINED_SHARE
    print("DIFFERENT: run `make model` and commit what it writes." if failed else "The same.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
