"""Turn the trained Rasa archive into the one file the service loads, `nlu/model/understanding.npz`.

Run it as `python -m nlu.rasa.export [FOLDER [FILE]]` after `nlu.rasa.train`. Needs the standard library and NumPy
only. It refuses any pipeline or option whose computation `nlu/classifier.py` does not reproduce: a model that the
service would compute differently must never be exported.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from nlu.features import MODEL_FORMAT, made_ready, ready_arrays
from nlu.features import Family as CountedFamily
from nlu.rasa.lexicon import CONCEPTS, TRAINED_WITH_FILE, read_concepts, trained_with
from nlu.rasa.train import ARCHIVE

ROOT = Path(__file__).resolve().parents[2]
WEIGHT_STEPS = 32_767  # weights are whole numbers of a unit, 16 bits each
TOKENIZER = "nlu.rasa.components.NormalisingTokenizer"
FEATURIZER = "nlu.rasa.components.WeightedCountsFeaturizer"
CLASSIFIER = "rasa.nlu.classifiers.logistic_regression_classifier.LogisticRegressionClassifier"
# What does not touch the ranking of an ordinary text ("/greet" commands are for Rasa's own tests: see rasa_server.py).
IGNORED = (
    "rasa.graph_components.converters.nlu_message_converter.NLUMessageConverter",
    "rasa.nlu.classifiers.regex_message_handler.RegexMessageHandler",
)

# Options that change what is computed: the only values we reproduce. Others may vary freely (see `_check`).
TOKENIZER_OPTIONS = {"intent_tokenization_flag": False, "token_pattern": None, "prefix_separator_symbol": None}
FEATURIZER_OPTIONS = {
    "use_shared_vocab": False,
    "strip_accents": None,
    "stop_words": None,
    "max_df": 1.0,
    "max_features": None,
    "lowercase": True,
    "OOV_token": None,
    "OOV_words": [],
    "use_lemma": True,
}
CLASSIFIER_OPTIONS = {"solver": "lbfgs"}
FREE = {
    "trained_with",
    "concepts",
    "intent_split_symbol",
    "analyzer",
    "min_df",
    "min_ngram",
    "max_ngram",
    "weight",
    "alias",
    "max_iter",
    "tol",
    "random_state",
    "ranking_length",
    "class_weight",
    "C",
    "penalty",
}


class ExportError(Exception):
    """The archive holds something the service cannot reproduce; the message says what."""


@dataclass
class Family:
    """One featurizer as trained: its options, its n-grams in column order, how rare each is."""

    options: Dict[str, Any]
    grams: List[str]
    rarity: np.ndarray


@dataclass
class Trained:
    """One archive: its features, labels and logistic regression."""

    families: List[Family]
    labels: List[str]
    coefficients: np.ndarray
    intercepts: np.ndarray
    rasa_version: str


def read_archive(path: Path) -> Trained:
    """Read a Rasa model archive. Raises `ExportError` on anything unknown in its pipeline."""
    with tarfile.open(str(path)) as archive:
        files = {
            member.name.lstrip("./"): archive.extractfile(member).read()
            for member in archive.getmembers()
            if member.isfile()
        }
    metadata = json.loads(files["metadata.json"])
    families, regression = [], None
    for node in metadata["predict_schema"]["nodes"].values():
        resource = (node.get("resource") or {}).get("name")
        if node["uses"] == TOKENIZER:
            _check(node["config"], TOKENIZER_OPTIONS, "tokenizer")
        elif node["uses"] == FEATURIZER:
            families.append(_read_family(files, resource, node["config"]))
        elif node["uses"] == CLASSIFIER:
            _check(node["config"], CLASSIFIER_OPTIONS, "classifier")
            regression = files["components/{0}/{0}.skops".format(resource)]
        elif node["uses"] not in IGNORED and "provider" not in node["uses"].lower():
            raise ExportError("{}: the service does not compute {}".format(path.name, node["uses"]))
    if not families or regression is None:
        raise ExportError("{}: no featurizer or no logistic regression in it".format(path.name))
    labels, coefficients, intercepts = _read_regression(regression)
    columns = sum(len(family.grams) for family in families)
    if coefficients.shape != (len(labels), columns):
        raise ExportError("{}: coefficients are {}, not labels x features".format(path.name, coefficients.shape))
    return Trained(families, labels, coefficients, intercepts, metadata["rasa_open_source_version"])


def _check(options: Dict[str, Any], reproduced: Dict[str, Any], what: str) -> None:
    for name, value in options.items():
        if name in reproduced:
            if value != reproduced[name]:
                raise ExportError("{} option {}: {!r} is not reproduced by the service".format(what, name, value))
        elif name not in FREE and not name.startswith("__"):
            raise ExportError("{} option {}: unknown to the exporter".format(what, name))


def _read_family(files: Dict[str, bytes], resource: str, options: Dict[str, Any]) -> Family:
    _check(options, FEATURIZER_OPTIONS, "featurizer")
    if options["analyzer"] not in ("word", "char_wb"):
        raise ExportError("featurizer option analyzer: {!r} is not reproduced".format(options["analyzer"]))
    concepts = options.get("concepts", False)
    if options["analyzer"] == "word" and (options["min_ngram"], options["max_ngram"]) != (1, 1 if concepts else 2):
        raise ExportError("featurizer: the service counts words alone and in pairs, concepts one by one")
    folder = "components/{}/".format(resource)
    if json.loads(files[folder + TRAINED_WITH_FILE]) != trained_with():
        raise ExportError("nlu/normalize.py or nlu/concepts.yml changed since the training: train again")
    vocabulary = json.loads(files[folder + "vocabularies.json"])["text"]
    grams = sorted(vocabulary, key=vocabulary.get)
    if sorted(vocabulary.values()) != list(range(len(grams))):
        raise ExportError("a vocabulary has holes")
    return Family(options, grams, np.load(io.BytesIO(files[folder + "rarity.npy"]), allow_pickle=False))


def _read_regression(stored: bytes) -> Tuple[List[str], np.ndarray, np.ndarray]:
    """Read scikit-learn's LogisticRegression from its skops file: a zip of a schema and NumPy arrays."""
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        fields = json.loads(archive.read("schema.json"))["content"]["content"]
        settings = {name: json.loads(field["content"]) for name, field in fields.items() if field.get("is_json")}
        if settings["multi_class"] != "auto" or settings["solver"] != "lbfgs" or not settings["fit_intercept"]:
            raise ExportError("this logistic regression is not a softmax over all labels")
        arrays = [
            np.load(io.BytesIO(archive.read(fields[name]["file"])), allow_pickle=False)
            for name in ("classes_", "coef_", "intercept_")
        ]
    labels, coefficients, intercepts = arrays
    if len(labels) < 3:
        raise ExportError("fewer than three labels: scikit-learn computes those another way")
    return [str(label) for label in labels], coefficients, intercepts


def as_arrays(trained: Trained) -> Dict[str, np.ndarray]:
    """Put a trained model in the form the service loads."""
    unit = float(np.abs(trained.coefficients).max()) / WEIGHT_STEPS
    arrays = {
        "rarity": np.concatenate([family.rarity for family in trained.families]).astype(np.float32),
        "weights": np.ascontiguousarray(np.rint(trained.coefficients.T / unit), dtype=np.int16),
        "intercepts": trained.intercepts.astype(np.float32),
    }
    for number, family in enumerate(trained.families):
        arrays["grams_{}".format(number)] = _as_bytes("\n".join(family.grams))
    concepts = read_concepts()
    metadata = {
        "format": MODEL_FORMAT,
        "rasa": trained.rasa_version,
        "normaliser": trained_with()["normaliser"],
        "corpus": corpus_fingerprint(),
        "labels": trained.labels,
        "unit": unit,
        "concepts": {"expressions": concepts.expressions, "stems": concepts.stems},
        "families": [
            {
                "counts": _counts(family.options),
                "smallest": family.options["min_ngram"],
                "largest": family.options["max_ngram"],
                "length": family.options["weight"],
                "columns": len(family.grams),
            }
            for family in trained.families
        ],
    }
    arrays["metadata"] = _as_bytes(json.dumps(metadata))
    return {**arrays, **ready_arrays(made_ready(_as_counted(trained.families)))}


def _as_counted(families: List[Family]) -> List[CountedFamily]:
    counted, start = [], 0
    for family in families:
        columns = {gram: at for at, gram in enumerate(family.grams, start)}
        sizes = family.options["min_ngram"], family.options["max_ngram"]
        counted.append(CountedFamily(_counts(family.options), *sizes, columns))
        start += len(family.grams)
    return counted


def _counts(options: Dict[str, Any]) -> str:
    if options["analyzer"] == "char_wb":
        return "pieces"
    return "concepts" if options.get("concepts") else "words"


def _as_bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def write_npz(target: Path, arrays: Dict[str, np.ndarray]) -> None:
    """Write arrays as `numpy.load` reads them, compressed but for the weights: reading those takes most of the load."""
    with zipfile.ZipFile(str(target), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            stored = io.BytesIO()
            np.lib.format.write_array(stored, values, allow_pickle=False)
            kind = zipfile.ZIP_STORED if name == "weights" else zipfile.ZIP_DEFLATED
            archive.writestr("{}.npy".format(name), stored.getvalue(), kind)


def corpus_fingerprint() -> str:
    """Identify the training messages and the pipeline."""
    paths = [ROOT / "config.yml", CONCEPTS, *sorted((ROOT / "nlu" / "data").rglob("*.yml"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def main() -> int:
    """Export, or say in one line why not."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".rasa"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "nlu" / "model" / "understanding.npz"
    try:
        arrays = as_arrays(read_archive(folder / ARCHIVE))
    except (ExportError, OSError, KeyError) as error:
        print("Not exported: {}".format(error), file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    write_npz(target, arrays)
    features, labels = arrays["weights"].shape
    size = target.stat().st_size / 1e6
    print("{}: {} features x {} labels, {:.1f} MB".format(target, features, labels, size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
