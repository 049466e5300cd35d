"""Reading directories in every form the field keeps them in, with everything that is wrong in real files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from directory.clean import stable_id
from directory.load import read
from directory.package import DirectoryFileError, Package
from directory.schedules import hours_of
from tests.directory.conftest import shared

ORGANIZATIONS = "id,name,description\no1,Maison Un,Une maison\n"
SERVICES = "id,organization_id,name,status\ns1,o1,Repas,active\n"
LOCATIONS = "id,organization_id,name,latitude,longitude\nl1,o1,Rue Ontario,45.52,-73.56\n"
LINKS = "id,service_id,location_id\nsl1,s1,l1\n"


def folder(path: Path, **files: str) -> Path:
    given = {
        "organizations": ORGANIZATIONS,
        "services": SERVICES,
        "locations": LOCATIONS,
        "services_at_location": LINKS,
    }
    for name, text in {**given, **files}.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def reasons(package: Package) -> list[tuple[str, int, str, bool]]:
    return [(problem.file, problem.row, problem.column, problem.kept) for problem in package.problems]


def test_the_miami_set() -> None:
    package = read(shared("miami-211-hsds-1.1.zip"))
    summary = package.summary()
    assert (summary["service"], summary["location"], summary["service_at_location"]) == (4089, 4089, 4089)
    assert (summary["schedule"], summary["attribute"], summary["language"]) == (11350, 26259, 9364)
    assert summary["links"] > 110_000
    assert summary["problems_skipped"] < 50
    assert all(problem.file and problem.reason for problem in package.problems)


def test_the_sample_set() -> None:
    package = read(shared("fixture-sample-hsds-1.1/all_resources"))
    assert (package.count("organization"), package.count("service"), package.count("service_at_location")) == (
        10,
        13,
        13,
    )
    assert package.count("address") == 2
    hours = hours_of([row for row in package.tables["schedule"] if "service_at_location_id" in row])
    assert {day for rule in hours.rules for day in rule.weekdays} == {0, 1, 2}
    assert "contact" not in package.tables
    assert any("personal contacts" in problem.reason for problem in package.problems)


@pytest.mark.parametrize(
    "name", ["service_full", "service_list", "organization_full", "service_at_location_full", "tabular"]
)
def test_the_standard_s_json_examples(name: str) -> None:
    package = read(shared(f"hsds-spec-3.1/examples-json/{name}.json"))
    assert package.count("organization") == 1
    assert any(problem.column == "latitude" for problem in package.problems) or name in ("service_list",)


def test_the_standard_s_csv_examples() -> None:
    assert read(shared("hsds-spec-3.1/examples-csv")).count("service") == 1


def test_a_clean_package_has_no_problem(tmp_path: Path) -> None:
    package = read(folder(tmp_path))
    assert package.problems == []
    assert package.links == 4
    assert package.tables["service"][0]["id"] == stable_id("service", "s1")


def test_a_zip_with_a_folder_and_a_datapackage(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/liste.csv", SERVICES)
        archive.writestr("data/organizations.csv", "\ufeff" + ORGANIZATIONS)
        archive.writestr("__MACOSX/data/._services.csv", "junk")
        resources = [{"name": "services", "path": "data/liste.csv"}]
        archive.writestr("datapackage.json", json.dumps({"resources": resources}))
    assert read(path).count("service") == 1


def test_ragged_rows_blank_ids_and_dangling_links(tmp_path: Path) -> None:
    package = read(
        folder(
            tmp_path,
            phones="id,service_id,location_id,number,type\n,s1,,514-555-0101,voice\n,s1,,514-555-0102\n,nobody,,514-555-0103,voice\n,s1,,non,voice\n",
            services_at_location=LINKS + "sl2,s9,l1\n",
        )
    )
    assert [row["number"] for row in package.tables["phone"]] == ["514-555-0101", "514-555-0102"]
    assert package.count("service_at_location") == 1
    assert set(reasons(package)) == {
        ("phones.csv", 3, "", True),
        ("phones.csv", 4, "service_id", False),
        ("phones.csv", 5, "number", False),
        ("services_at_location.csv", 3, "service_id", False),
    }
    assert {row["id"] for row in package.tables["phone"]} == {row["id"] for row in read(tmp_path).tables["phone"]}


SCHEDULES = "id,service_id,valid_from,valid_to,byday,opens_at,closes_at,freq\n"


@pytest.mark.parametrize(
    ("line", "monday_noon"),
    [
        (",s1,,,MO,09:00,17:00,WEEKLY", True),
        (",s1,,,monday,8:00am,5:00PM,", True),
        (",s1,,,lundi,9h,16h30,", True),
        (",s1,8:30AM,5:00PM,monday,,,", True),
        (",s1,,,MO,24 Hours,,", True),
        (",s1,24 Hours,,MO,,,", True),
        (",s1,,,MO,09:00-05:00,17:00-05:00,WEEKLY", True),
        (",s1,,,MO,Noon,24:00,WEEKLY", True),
        (",s1,,,LU?,09:00,17:00,WEEKLY", None),
        (",s1,,,MO,bientôt,17:00,WEEKLY", None),
        (",s1,,,MO,09:00,,WEEKLY", None),
        (",s1,,MO,09:00,17:00", None),
        (",s1,,,TU,09:00,17:00,WEEKLY", False),
    ],
)
def test_hours_as_files_write_them(tmp_path: Path, line: str, monday_noon: bool | None) -> None:
    from tests.directory.worlds import MONDAY_NOON

    package = read(folder(tmp_path, schedules=SCHEDULES + line + "\n"))
    assert hours_of(package.tables["schedule"]).opening(MONDAY_NOON).open is monday_noon


def test_a_holiday_of_hsds_1_closes(tmp_path: Path) -> None:
    from tests.directory.worlds import MONDAY_NOON

    package = read(
        folder(
            tmp_path,
            regular_schedules="id,service_id,weekday,opens_at,closes_at\n,s1,1,09:00,17:00\n",
            holiday_schedules="id,service_id,closed,start_date,end_date\n,s1,true,2026-01-12,2026-01-12\n",
        )
    )
    assert hours_of(package.tables["schedule"]).opening(MONDAY_NOON).open is False


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ("0,0", None), ("100,101", None), (",", None), ("-73.56,45.52", (45.52, -73.56)), ("abc,-73", None),
        ("45.52,-73.56", (45.52, -73.56)),
    ],
)  # fmt: skip
def test_coordinates(tmp_path: Path, point: str, expected: tuple[float, float] | None) -> None:
    package = read(folder(tmp_path, locations=f"id,organization_id,name,latitude,longitude\nl1,o1,Ici,{point}\n"))
    location = package.tables["location"][0]
    found = (location["latitude"], location["longitude"]) if "latitude" in location else None
    assert found == expected
    assert bool(package.problems) == (point not in (",", "45.52,-73.56"))


def test_a_location_far_from_the_others_is_a_warning(tmp_path: Path) -> None:
    lines = "".join(f"l{n},o1,Ici,45.5{n},-73.5\n" for n in range(1, 7)) + "l9,o1,Là,43.6,-79.4\n"
    package = read(folder(tmp_path, locations="id,organization_id,name,latitude,longitude\n" + lines))
    assert [(problem.column, problem.kept) for problem in package.problems] == [("latitude", True)]
    assert package.count("location") == 7


def test_a_service_without_organization_keeps_its_name(tmp_path: Path) -> None:
    package = read(folder(tmp_path, services="id,organization_id,name\ns1,gone,Repas\n"))
    assert [row["name"] for row in package.tables["organization"]] == ["Maison Un", "Repas"]
    assert package.tables["service"][0]["status"] == "active"


def test_ids_reused_across_tables_and_repeated(tmp_path: Path) -> None:
    package = read(
        folder(
            tmp_path,
            organizations="id,name\n1,Une\n1,Une\n1,Autre\n",
            services="id,organization_id,name\n1,1,Repas\n",
            locations="id,organization_id,name\n1,1,Ici\n",
            services_at_location="id,service_id,location_id\n1,1,1\n",
            languages="id,service_id,language\n1,1,English\n1,1,French\n",
        )
    )
    assert len({package.tables[name][0]["id"] for name in ("organization", "service", "location")}) == 3
    assert package.count("organization") == 1
    assert [row["name"] for row in package.tables["language"]] == ["English", "French"]
    assert reasons(package) == [("organizations.csv", 4, "id", False)]


def test_ohana_services_name_their_location(tmp_path: Path) -> None:
    for name, text in {
        "organizations": "id,name\n1,Une\n",
        "locations": "id,organization_id,name,latitude,longitude,accessibility,virtual\n"
        '5,1,Ici,37.5,-122.2,"ramp,wheelchair",false\n',
        "services": 'id,location_id,name,languages,eligibility,taxonomy_ids\n7,5,Meals,"English, Spanish",Anyone,101\n',
        "taxonomy": "taxonomy_id,name,parent_id,parent_name\n101,Food,,\n",
        "mail_addresses": "id,location_id,address_1,city,state_province,postal_code,country\n1,5,PO Box 1,Here,CA,94000,US\n",
        "phones": "id,location_id,number,number_type,department\n1,5,650-555-0100,voice,Front desk\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    package = read(tmp_path)
    assert package.problems == []
    assert package.tables["service"][0]["organization_id"] == stable_id("organization", "1")
    assert package.tables["service"][0]["eligibility_description"] == "Anyone"
    counts = {name: package.count(name) for name in ("service_at_location", "language", "accessibility", "attribute")}
    assert counts == {"service_at_location": 1, "language": 2, "accessibility": 2, "attribute": 1}
    assert package.tables["address"][0]["address_type"] == "postal"
    assert package.tables["phone"][0]["type"] == "voice"


def test_json_pages_in_a_folder_and_repeated_objects(tmp_path: Path) -> None:
    organization = {"id": "11111111-1111-4111-8111-111111111111", "name": "Une", "description": ""}
    for number in (1, 2):
        contents = [
            {
                "id": f"22222222-2222-4222-8222-22222222222{n}",
                "name": f"S{n}",
                "status": "active",
                "organization": organization,
            }
            for n in (number, 2)
        ]
        page = {"page_number": number, "last_page": number == 2, "contents": contents}
        (tmp_path / f"page{number}.json").write_text(json.dumps(page), encoding="utf-8")
    package = read(tmp_path)
    assert (package.count("service"), package.count("organization")) == (2, 1)


def test_persons_are_left_out_of_json(tmp_path: Path) -> None:
    person = {
        "id": "x",
        "name": "Ann Persona",
        "email": "ann@example.org",
        "phones": [{"id": "y", "number": "514-555-0199"}],
    }
    service = {"id": "s", "name": "Repas", "status": "active", "contacts": [person], "assurer_email": "ann@example.org"}
    path = tmp_path / "service.json"
    path.write_text(json.dumps(service), encoding="utf-8")
    assert "ersona" not in str(read(path).tables)
    assert "0199" not in str(read(path).tables)
    assert "ann@" not in str(read(path).tables)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.pdf", b"%PDF", "folder"), ("x.json", b"{", "not valid JSON"), ("x.zip", b"PK", "zip"),
        ("x.csv", b"a,b\n1,2\n", "columns"), ("x.xlsx", b"no", "XLSX"), ("x.json", b"3", "HSDS"),
    ],
)  # fmt: skip
def test_what_is_no_directory_gets_one_clear_line(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DirectoryFileError, match=says) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(DirectoryFileError, match="no such file"):
        read(tmp_path / "missing")


def test_header_only_files_and_empty_folders(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DirectoryFileError, match="no CSV"):
        read(empty)
    package = read(
        folder(tmp_path, services="id,organization_id,name\n", services_at_location="id,service_id,location_id\n")
    )
    assert package.count("service") == 0
    assert any(problem.reason == "no service was found" for problem in package.problems)


def test_what_is_not_text_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    path.write_text('{"id": "\\ud800", "name": "Re\\u0000pas\\u001f chauds", "status": "active"}', encoding="utf-8")
    assert read(path).tables["service"][0]["name"] == "Repas chauds"
