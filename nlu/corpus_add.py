"""Adding a coordinator's spreadsheet (CSV) of invented messages to the training messages.

Columns, in French or in English: texte/text, langue/lang, intention/intent, urgence/urgency, and perhaps situation.
Everything is checked before anything is written: labels, form, repeats within the file, repeats of the corpus, and
messages that are (nearly) in a measuring set. Every problem is told as file:line.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.corpus import LANGUAGES, Problem, TrainingMessage, load, read_annotated
from nlu.interpretation import Urgency
from nlu.labels import INTENTS
from nlu.near_duplicates import DUPLICATE_SIMILARITY, character_grams, similar_pairs
from nlu.normalize import fold

COLUMNS = {
    "text": ("text", "texte", "message"),
    "language": ("lang", "langue", "language"),
    "intent": ("intent", "intention"),
    "urgency": ("urgency", "urgence"),
    "situation": ("situation",),
}
_SEPARATORS = ",;\t"
_PERSONAL = re.compile(r"\+?\d(?:[\s().-]*\d){9,}|\S+@\S+\.\w{2,}")
_LABEL = re.compile(r"[\w-]{1,30}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_SITUATION = "local"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One checked row. `written` keeps the annotations; `line` is where the row starts in the spreadsheet."""

    text: str
    written: str
    language: str
    intent: str
    urgency: str
    situation: str
    file: str
    line: int


def read_rows(path: Path) -> tuple[list[NewMessage], list[Problem]]:
    """Read and check the rows. Raises OSError when there is no such file; all else is a `Problem`."""
    name = path.name
    messages: list[NewMessage] = []
    problems: list[Problem] = []
    try:
        text = _decoded(path.read_bytes())
        separator = max(_SEPARATORS, key=text.split("\n", 1)[0].count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header = _columns(next(reader, []))
        missing = [names[0] for column, names in COLUMNS.items() if column not in header and column != "situation"]
        if missing:
            what = f"no column {', '.join(missing)}; the first line names text, lang, intent, urgency, situation"
            return [], [Problem(name, 1, what)]
        line = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = {column: row[at].strip() if at < len(row) else "" for column, at in header.items()}
                read = _read_row(cells, name, line)
                if isinstance(read, Problem):
                    problems.append(read)
                else:
                    messages.append(read)
            line = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError):
        return [], [Problem(name, 1, "is not a CSV file; in the spreadsheet, save as CSV (UTF-8)")]
    if not messages and not problems:
        problems.append(Problem(name, 1, "holds no message"))
    return messages, problems


def check_new(
    new: Sequence[NewMessage], corpus: Iterable[TrainingMessage], measuring: Iterable[tuple[str, str]] = ()
) -> list[Problem]:
    """Find rows that repeat one another, a training message, or a (place, text) of a measuring set, exactly or nearly."""
    known = [(f"is in the corpus at {message.file}:{message.line}", message.text) for message in corpus]
    known += [(f"is in the measuring set at {place}: never train on it", text) for place, text in measuring]
    problems: dict[int, Problem] = {}
    for at, where, similarity in _alike([message.text for message in new], known):
        problems.setdefault(at, _repeat(new[at], where, similarity))
    for earlier, later, similarity in similar_pairs([message.text for message in new]):
        where = f"is already at {new[earlier].file}:{new[earlier].line}"
        problems.setdefault(later, _repeat(new[later], where, similarity))
    return [problems[at] for at in sorted(problems)]


def unheard(new: Iterable[NewMessage], corpus: Iterable[TrainingMessage]) -> list[Problem]:
    """Point out rows whose intent and urgency were never put together before: perhaps a slip, for a person to judge."""
    known = {(message.intent, message.urgency) for message in corpus}
    return [
        Problem(
            message.file, message.line, f"no training message of {message.intent} is labelled {message.urgency} yet"
        )
        for message in new
        if (message.intent, message.urgency) not in known
    ]


def write(new: Sequence[NewMessage], name: str, folder: Path) -> list[Path]:
    """Append the rows to `folder/{fr,en,mix}/local-NAME.yml`, made when absent. Returns the files written.

    What is written is read back first: a message that would not come back as it was raises ValueError, and nothing changes.
    """
    languages: dict[str, list[NewMessage]] = defaultdict(list)
    for message in new:
        languages[message.language].append(message)
    contents = {}
    for language, messages in languages.items():
        path = folder / language / f"local-{slug(name)}.yml"
        before = path.read_text(encoding="utf-8") if path.exists() else 'version: "3.1"\nnlu:\n'
        contents[path] = before.rstrip("\n") + "\n" + _blocks(messages)
    _read_back(new, {path.relative_to(folder): text for path, text in contents.items()})
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(contents)


def slug(words: str) -> str:
    """Turn words into a short name for a file or a situation: "Halte du Nord" becomes "halte-du-nord"."""
    return re.sub(r"[^a-z0-9]+", "-", fold(words)).strip("-") or _NO_SITUATION


def _read_back(new: Sequence[NewMessage], contents: Mapping[Path, str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for relative, text in contents.items():
            path = Path(scratch) / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        stored, problems = load(Path(scratch))
    if problems:
        raise ValueError(str(problems[0]))
    there = Counter((one.text, one.language, one.intent, one.urgency, one.situation) for one in stored)
    wanted = Counter((one.text, one.language, one.intent, one.urgency, one.situation) for one in new)
    if wanted - there:
        raise ValueError("a message would not come back from the training file as it was written; nothing was added")


def _blocks(messages: Iterable[NewMessage]) -> str:
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for message in messages:
        grouped[message.intent, message.urgency, message.situation].append(message.written)
    return "".join(
        f"- intent: {intent}\n  metadata: {{urgency: {urgency}, situation: {situation}}}\n  examples: |\n"
        + "".join(f"    - {written}\n" for written in texts)
        for (intent, urgency, situation), texts in grouped.items()
    )


def _decoded(raw: bytes) -> str:
    """Spreadsheets save UTF-8, or the Windows characters of Western Europe."""
    if b"\0" in raw:
        raise csv.Error("binary")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _columns(header: Sequence[str]) -> dict[str, int]:
    names = [cell.strip().casefold() for cell in header]
    return {
        column: names.index(name)
        for column, accepted in COLUMNS.items()
        for name in reversed(accepted)
        if name in names
    }


def _read_row(cells: Mapping[str, str], file: str, line: int) -> NewMessage | Problem:
    labels = {name: cells[name].casefold() for name in ("language", "intent", "urgency")}
    allowed = {"language": LANGUAGES, "intent": INTENTS, "urgency": tuple(str(level) for level in Urgency)}
    for name, known in allowed.items():
        if labels[name] not in known:
            return Problem(file, line, _unknown(name, cells[name], known))
    written = " ".join(cells["text"].split()).removeprefix("- ")
    text, _entities, wrong = read_annotated(written)
    if not text:
        wrong = "empty message"
    elif _CONTROL.search(text):
        wrong = "holds a character that nobody types; write the message again"
    elif _PERSONAL.search(text):
        wrong = "holds a phone number or an address: messages are invented, never a person's"
    if wrong:
        return Problem(file, line, wrong)
    situation = slug(cells.get("situation") or _NO_SITUATION)
    return NewMessage(text, written, labels["language"], labels["intent"], labels["urgency"], situation, file, line)


def _unknown(name: str, value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value.casefold(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
    if not value:
        return f"no {name}; {hint}"
    shown = f" {value!r}" if _LABEL.fullmatch(value) else ""  # a shifted column could put a message here
    return f"unknown {name}{shown}; {hint}"


def _alike(texts: Sequence[str], known: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str, float]]:
    """Give (position, where, similarity) of each text that is nearly one of the known (where, text) pairs."""
    grams = [character_grams(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    for at, mine in enumerate(grams):
        for gram in mine:
            holders[gram].append(at)
    for where, text in known:
        others = character_grams(text)
        shared = Counter(at for gram in others & holders.keys() for at in holders[gram])
        for at, count in shared.items():
            similarity = count / (len(grams[at]) + len(others) - count)
            if similarity > DUPLICATE_SIMILARITY:
                yield at, where, similarity


def _repeat(message: NewMessage, where: str, similarity: float) -> Problem:
    how = "the same message" if similarity == 1 else f"a message {similarity:.0%} the same"
    return Problem(message.file, message.line, f"{how} {where}")
