"""What reading a directory file gives: rows by HSDS 3 table, and every problem met, one by one (pure)."""

import re
from collections import Counter
from dataclasses import dataclass, field

Row = dict[str, str | float]  # only the columns that hold something


class DirectoryFileError(Exception):
    """The file or folder cannot be read as a directory at all; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at one place. `kept`: the row was imported all the same, without the wrong value.

    `row` is the line of a table (the header is 1), or the position of an item in a JSON list; 0 for the whole file.
    """

    file: str
    row: int
    column: str
    reason: str
    kept: bool

    def __str__(self) -> str:
        place = self.file + (f", row {self.row}" if self.row else "") + (f", {self.column}" if self.column else "")
        return f"{place}: {self.reason} ({'kept' if self.kept else 'left out'})"


@dataclass(slots=True)
class Package:
    """A directory ready to be stored: `tables` holds clean HSDS 3 rows whose links all resolve."""

    format: str
    tables: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    links: int = 0  # link values that resolve

    def count(self, table: str) -> int:
        """Rows of one table."""
        return len(self.tables.get(table, ()))

    def summary(self) -> dict[str, int]:
        """Rows by table, plus `links` and problems by what became of the row."""
        counts = {table: len(rows) for table, rows in self.tables.items() if rows}
        fate = Counter("problems_kept" if problem.kept else "problems_skipped" for problem in self.problems)
        return {**counts, "links": self.links, **fate}


# Neither a database nor a text message takes them; half of a surrogate pair is not text at all.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean_text(text: str) -> str:
    """A value as it is kept: no control characters, no space around."""
    return _NOT_TEXT.sub("", text).strip()


@dataclass(slots=True)
class RawRow:
    """One row as the file has it: column names folded to lower case, values stripped, blanks left out."""

    file: str
    row: int
    values: dict[str, str]
    ragged: bool = False

    def changed(self, **values: str) -> "RawRow":
        """The same row with some values replaced; "" takes a value out."""
        merged = {**self.values, **values}
        return RawRow(self.file, self.row, {name: value for name, value in merged.items() if value}, self.ragged)
