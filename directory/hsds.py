"""HSDS 3 as tables: what is kept of a directory, in the service's own database (SQLite or PostgreSQL).

`metadata` is a MetaData of its own; the store's migrations create its tables. Every `hsds_…` table has
the columns of its HSDS 3.1 table plus `source`, the name of where the row came from: the key is
(source, id), and an import touches only its own source's rows. Values are kept as text or numbers, as
HSDS writes them; dates are ISO text. Personal contacts have no table on purpose.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


@dataclass(frozen=True)
class Shape:
    """One HSDS table: CSV file name, columns in the standard's order, number columns, required columns, links."""

    name: str
    file: str
    columns: tuple[str, ...]
    numbers: frozenset[str]
    required: tuple[str, ...]
    links: dict[str, str]  # column -> table it points to


def _shape(name: str, file: str, columns: str, *, required: str = "", numbers: str = "") -> Shape:
    names = ("id", *columns.split())
    tables = {
        "organization_id": "organization", "parent_organization_id": "organization", "service_id": "service",
        "location_id": "location", "service_at_location_id": "service_at_location", "program_id": "program",
        "taxonomy_id": "taxonomy", "taxonomy_term_id": "taxonomy_term", "phone_id": "phone", "unit_id": "unit",
        "parent_id": "taxonomy_term",
    }  # fmt: skip
    links = {column: tables[column] for column in names if column in tables}
    return Shape(name, file, names, frozenset(numbers.split()), tuple(required.split()), links)


# In an order where a row's targets come before it.
SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        _shape("taxonomy", "taxonomies.csv", "name description uri version", required="name"),
        _shape(
            "taxonomy_term", "taxonomy_terms.csv",
            "code name description parent_id taxonomy taxonomy_id language term_uri", required="name",
        ),
        _shape("unit", "units.csv", "name scheme identifier uri", required="name"),
        _shape(
            "organization", "organizations.csv",
            "name alternate_name description email website tax_status tax_id year_incorporated legal_status logo uri "
            "parent_organization_id",
            required="name", numbers="year_incorporated",
        ),
        _shape(
            "organization_identifier", "organization_identifiers.csv",
            "organization_id identifier_scheme identifier_type identifier", required="identifier",
        ),
        _shape("program", "programs.csv", "organization_id name alternate_name description", required="name"),
        _shape(
            "service", "services.csv",
            "organization_id program_id name alternate_name description url email status interpretation_services "
            "application_process fees_description wait_time fees accreditations eligibility_description minimum_age "
            "maximum_age assured_date licenses alert last_modified",
            required="name", numbers="minimum_age maximum_age",
        ),
        _shape(
            "location", "locations.csv",
            "location_type url organization_id name alternate_name description transportation latitude longitude "
            "external_identifier external_identifier_type",
            numbers="latitude longitude",
        ),
        _shape(
            "service_at_location", "service_at_location.csv", "service_id location_id description",
            required="service_id location_id",
        ),
        _shape(
            "address", "addresses.csv",
            "location_id address_1 address_2 city region state_province postal_code country address_type",
            required="location_id",
        ),
        _shape(
            "phone", "phones.csv",
            "location_id service_id organization_id service_at_location_id number extension type description",
            required="number", numbers="extension",
        ),
        _shape(
            "schedule", "schedules.csv",
            "service_id location_id service_at_location_id valid_from valid_to dtstart timezone until count wkst freq "
            "interval byday byweekno bymonthday byyearday description opens_at closes_at schedule_link attending_type "
            "notes",
            numbers="timezone count interval",
        ),
        _shape("language", "languages.csv", "service_id location_id phone_id name code note"),
        _shape("accessibility", "accessibility.csv", "location_id description details url", required="location_id"),
        _shape(
            "cost_option", "cost_options.csv",
            "service_id valid_from valid_to option currency amount amount_description",
            required="service_id", numbers="amount",
        ),
        _shape("required_document", "required_documents.csv", "service_id document uri", required="service_id"),
        _shape(
            "service_area", "service_areas.csv",
            "service_id service_at_location_id name description extent extent_type uri",
        ),
        _shape("funding", "funding.csv", "organization_id service_id source_name"),
        _shape("url", "url.csv", "label url organization_id service_id", required="url"),
        _shape(
            "service_capacity", "service_capacity.csv",
            "service_id unit_id available maximum description updated",
            required="service_id", numbers="available maximum",
        ),
        _shape(
            "attribute", "attributes.csv", "link_id taxonomy_term_id link_type link_entity value label",
            required="link_id taxonomy_term_id link_entity",
        ),
        _shape(
            "metadata", "metadata.csv",
            "resource_id resource_type last_action_date last_action_type field_name previous_value replacement_value "
            "updated_by",
        ),
    )
}  # fmt: skip

# `funding.source` is HSDS's name for a column that is ours on every table: it is stored as `source_name`.
FILE_COLUMNS = {("funding", "source_name"): "source"}


def _table(shape: Shape) -> Table:
    columns: list[Column[Any]] = [
        Column("source", String(80), primary_key=True),
        Column("id", String(64), primary_key=True),
    ]
    for name in shape.columns[1:]:
        if name in shape.links or name == "link_id":
            columns.append(Column(name, String(64)))
        else:
            columns.append(Column(name, Float if name in shape.numbers else Text))
    return Table(f"hsds_{shape.name}", metadata, *columns)


TABLES: dict[str, Table] = {name: _table(shape) for name, shape in SHAPES.items()}

directory_source = Table(
    "directory_source",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("format", String(40), nullable=False),
    Column("imported_at", BigInteger, nullable=False),  # seconds since 1970, UTC
    Column("services", Integer, nullable=False),
)

# Where a location without coordinates is, worked out from its address by our own gazetteer.
directory_position = Table(
    "directory_position",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("location_id", String(64), primary_key=True),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("precision_km", Float, nullable=False),
    Column("how", String(20), nullable=False),  # a `directory.query.Precision`
)

# Who answers for a service, its short code ("CONFIRME 1280"), and when they last confirmed it.
directory_care = Table(
    "directory_care",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("service_id", String(64), primary_key=True),
    Column("code", Integer, nullable=False, unique=True),
    Column("owner", Text, nullable=False, default=""),
    Column("confirmed_on", Date),
    Column("link_digest", String(64), unique=True),  # SHA-256 of the private link's token
)

# "C'est fermé", "y'avait pu de place": one line per person and day; the person is an opaque digest.
directory_report = Table(
    "directory_report",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source", String(80), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("kind", String(10), nullable=False),  # closed, full
    Column("reporter", String(64), nullable=False),
    Column("day", Date, nullable=False),
    Column("reported_at", BigInteger, nullable=False),
    Column("settled", Integer, nullable=False, default=0),
    UniqueConstraint("source", "service_id", "kind", "reporter", "day"),
    Index(None, "source", "service_id"),
)

# "3 lits", texted in by a partner; it says nothing any more after `until`.
directory_capacity = Table(
    "directory_capacity",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("service_id", String(64), primary_key=True),
    Column("available", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),
)
