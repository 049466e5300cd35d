"""The demonstration directory: known organisations in Québec, none confirmed, to try the line with.

Every row is marked "to verify". It must not be shown to the public: an organisation imports its own.
"""

from collections.abc import Iterable, Mapping
from importlib import resources

from directory.load import read
from directory.needs import NeedMap
from directory.package import Package
from directory.places import Places
from directory.position import positions_of
from directory.search import Index

SOURCE = "demonstration"


def package() -> Package:
    """The demonstration directory, ready for `directory.store.replace(conn, SOURCE, ...)`."""
    with resources.as_file(resources.files("directory").joinpath("data", "demo", "services.csv")) as path:
        return read(path)


def rows(places: Places) -> dict[str, list[Mapping[str, object]]]:
    """The same as rows for `Index.from_rows`, positions included."""
    demo = package()
    tables: dict[str, list[Mapping[str, object]]] = {
        table: [{**row, "source": SOURCE} for row in found] for table, found in demo.tables.items()
    }
    tables["position"] = [position.row(SOURCE) for position in positions_of(demo.tables, places)]
    return tables


def index(
    places: Places, said: Mapping[str, Iterable[Mapping[str, object]]] | None = None, needs: NeedMap | None = None
) -> Index:
    """The demonstration directory ready to be searched, without a database; `said`: what `store.said` gives."""
    return Index.from_rows({**rows(places), **(said or {})}, needs)


def names() -> dict[str, str]:
    """The name of each service by its id."""
    return {str(row["id"]): str(row["name"]) for row in package().tables["service"]}
