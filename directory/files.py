"""Opens a directory file: a folder, a zip, a CSV, an XLSX or JSON, and gives its rows as written.

Nothing is unpacked to disk. A table's rows are read when they are asked for, so a large package is
never held twice.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from directory.package import DirectoryFileError, Problem, RawRow, clean_text

_LARGEST_BYTES = 600_000_000  # of everything in a zip, unpacked
_CSV_LIMIT = 10_000_000  # one cell
_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".xlsx")


@dataclass(frozen=True)
class Member:
    """One readable file in the folder or zip: its short name and how to get its bytes."""

    name: str
    path: Path
    inside: str = ""

    def data(self) -> bytes:
        """The whole content."""
        if not self.inside:
            return self.path.read_bytes()
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(self.inside)

    @property
    def suffix(self) -> str:
        """File name extension, lower case."""
        return PurePosixPath(self.name).suffix.lower()


def members(path: Path) -> list[Member]:
    """The readable files at a path, in name order. Raises `DirectoryFileError` when there is none."""
    if not path.exists():
        raise DirectoryFileError(f"{path}: no such file or folder")
    if path.is_dir():
        found = [Member(item.name, item) for item in sorted(path.rglob("*")) if item.suffix.lower() in _SUFFIXES]
    elif path.suffix.lower() == ".zip":
        found = _zip_members(path)
    else:
        found = [Member(path.name, path)]
    if not found:
        raise DirectoryFileError(f"{path}: no CSV, XLSX or JSON file in it")
    if any(member.suffix not in _SUFFIXES for member in found):
        raise DirectoryFileError(f"{path}: give a folder, a .zip, .csv, .xlsx or .json")
    return found


def _zip_members(path: Path) -> list[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            items = [item for item in archive.infolist() if not item.is_dir()]
    except zipfile.BadZipFile as error:
        raise DirectoryFileError(f"{path}: not a readable zip file") from error
    if sum(item.file_size for item in items) > _LARGEST_BYTES:
        raise DirectoryFileError(f"{path}: more than {_LARGEST_BYTES // 1_000_000} MB once unpacked")
    return [
        Member(PurePosixPath(item.filename).name, path, item.filename)
        for item in sorted(items, key=lambda item: item.filename)
        if PurePosixPath(item.filename).suffix.lower() in _SUFFIXES
        and "__MACOSX" not in item.filename
        and not PurePosixPath(item.filename).name.startswith("._")
    ]


def read_json(member: Member) -> Any:
    """The parsed content of a JSON file. Raises `DirectoryFileError` when it is not JSON."""
    try:
        return json.loads(member.data().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DirectoryFileError(f"{member.name}: not valid JSON ({error})") from error


def read_rows(member: Member, problems: list[Problem]) -> Iterator[RawRow]:
    """The rows of a CSV file or of the first sheet of a workbook. Ragged rows are marked, and added to the problems."""
    lines = _sheet_lines(member) if member.suffix == ".xlsx" else _csv_lines(member)
    header: list[str] | None = None
    for number, cells in enumerate(lines, start=1):
        cells = [clean_text(cell) for cell in cells]
        if not any(cells):
            continue
        if header is None:
            header = [fold_header(cell) for cell in cells]
            continue
        yield _row(member.name, number, header, cells, problems)


def _row(file: str, number: int, header: list[str], cells: list[str], problems: list[Problem]) -> RawRow:
    while len(cells) > len(header) and not cells[-1]:
        cells = cells[:-1]
    ragged = len(cells) != len(header)
    if ragged:
        reason = f"{len(cells)} cells for {len(header)} columns: missing ones are empty, extra ones are dropped"
        problems.append(Problem(file, number, "", reason, kept=True))
    pairs = zip(header, cells, strict=False)
    return RawRow(file, number, {name: cell for name, cell in pairs if name and cell}, ragged)


def fold_header(text: str) -> str:
    """A column name without BOM, quotes, spaces or capitals."""
    return text.replace("\ufeff", "").strip().strip('"').strip().lower().replace(" ", "_").replace("-", "_")


def _csv_lines(member: Member) -> Iterator[list[str]]:
    data = member.data()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what Excel writes on Windows
    text = text.replace("\0", "")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_CSV_LIMIT)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise DirectoryFileError(f"{member.name}: not a readable table ({error})") from error


def _sheet_lines(member: Member) -> Iterator[list[str]]:
    try:
        from openpyxl import load_workbook  # large, and only an XLSX file needs it

        book = load_workbook(io.BytesIO(member.data()), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DirectoryFileError(f"{member.name}: not a readable XLSX workbook") from error
    try:
        for cells in book.worksheets[0].iter_rows(values_only=True):
            yield [_cell_text(cell) for cell in cells]
    finally:
        book.close()


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return text.removesuffix("T00:00:00")
    return str(value)
