"""The plain spreadsheet (one line per service and place, French or English column names) to HSDS 3 rows (pure).

`TEMPLATE` is the header that `passerelle init` lays down, with an example line. Lists take `|` or `;`.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from directory.clock import parse_date, plain
from directory.needs import NEED_BITS, NeedMap
from directory.package import Problem, RawRow
from directory.query import NEEDS
from directory.schedules import HOLIDAYS_CLOSED, HOLIDAYS_OPEN, rows_of
from directory.traits import TAXONOMY, language_code
from directory.typed_hours import parse_hours

# column of ours -> other names it goes by (folded)
_COLUMNS: dict[str, str] = {
    "organisme": "organization organisation nom_organisme name nom", "service": "nom_service service_name programme",
    "besoins": "needs services besoin categories category", "type": "kind genre", "adresse": "address address_1 rue",
    "ville": "city municipalite", "code_postal": "postal_code zip postal", "repere": "landmark intersection metro",
    "latitude": "lat", "longitude": "lon lng long", "adresse_confidentielle": "confidentiel confidential",
    "telephone": "phone tel", "texto": "text sms", "courriel": "email", "site_web": "website url web site",
    "horaire": "hours heures heures_d'ouverture schedule", "feries": "jours_feries holidays",
    "public": "audience clientele eligibility", "age_min": "minimum_age age_minimum", "age_max": "maximum_age",
    "langues": "languages langue", "animaux": "pets", "couples": "couple",
    "piece_identite": "id_required carte_identite",
    "fauteuil_roulant": "wheelchair accessible", "religieux": "faith_based confessionnel",
    "sans_questions": "low_threshold bas_seuil", "territoire": "service_area area region",
    "documents": "documents_requis",
    "cout": "cost fees frais", "notes": "note remarques", "confirme_le": "confirmed_on assured_date verifie_le",
    "responsable": "owner partenaire",
}  # fmt: skip
_BY_NAME = {name: ours for ours, others in _COLUMNS.items() for name in (ours, *others.split())}
TEMPLATE = tuple(_COLUMNS)

_YES = frozenset(["oui", "o", "yes", "y", "vrai", "true", "1", "x"])
_NO = frozenset(["non", "n", "no", "faux", "false", "0"])
# column -> (term when yes, term when no)
_TRAITS = {
    "adresse_confidentielle": ("confidential", ""), "animaux": ("pets_ok", "pets_no"),
    "couples": ("couples_ok", "couples_no"), "piece_identite": ("id_needed", "id_not_needed"),
    "fauteuil_roulant": ("wheelchair_ok", "wheelchair_no"), "religieux": ("faith_based", "faith_free"),
    "sans_questions": ("low_threshold", ""),
}  # fmt: skip
_TYPES = {
    "mobile": "mobile", "unite mobile": "mobile", "mobile_unit": "mobile", "ligne": "phone_line", "line": "phone_line",
    "phone_line": "phone_line", "ligne telephonique": "phone_line",
}  # fmt: skip
_WHOLE_PROVINCE = re.compile(r"\b(?:province|tout le quebec|all of quebec|quebec \(province\)|canada)\b")
_EXAMPLE = {
    "organisme": "Maison Exemple", "service": "Halte de jour", "besoins": "find_food|find_hygiene", "type": "lieu",
    "adresse": "123, rue Ontario Est", "ville": "Montréal", "code_postal": "H2X 1H1", "repere": "métro Saint-Laurent",
    "telephone": "514-555-0123", "horaire": "lun-ven 9h-16h30, sam midi à 4", "feries": "fermé", "langues": "fr|en",
    "animaux": "oui", "piece_identite": "non", "confirme_le": "2026-11-01", "responsable": "Maison Exemple",
}  # fmt: skip

Tables = dict[str, list[RawRow]]


def template_csv() -> str:
    """The empty spreadsheet with its French column names and one example line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, TEMPLATE, lineterminator="\n")
    writer.writeheader()
    writer.writerow(_EXAMPLE)
    return out.getvalue()


def is_ours(columns: frozenset[str]) -> bool:
    """Whether a table has the columns of the spreadsheet: a name, and at least one thing about a service."""
    known = {_BY_NAME[folded] for name in columns if (folded := plain(name)) in _BY_NAME}
    telling = {"besoins", "adresse", "horaire", "telephone", "ville"} & known
    return bool({"organisme", "service"} & known) and len(telling) >= 2 and "organization_id" not in columns


def tables_of(rows: Iterable[RawRow], problems: list[Problem]) -> Tables:
    """HSDS 3 rows of every line; a value that is not understood is reported and left out."""
    writer = _Writer(problems)
    for row in rows:
        named = {_BY_NAME[folded]: value for name, value in row.values.items() if (folded := plain(name)) in _BY_NAME}
        writer.line(row, named)
    return writer.tables


class _Writer:
    def __init__(self, problems: list[Problem]) -> None:
        self.tables: Tables = defaultdict(list)
        self._problems = problems
        self._needs = NeedMap.load()
        self._terms: set[str] = set()
        self._seen: set[str] = set()

    def line(self, raw: RawRow, cells: dict[str, str]) -> None:
        """One line of the spreadsheet."""
        organization = cells.get("organisme") or cells.get("service", "")
        if not organization:
            self._problems.append(Problem(raw.file, raw.row, "organisme", "empty: line left out", kept=False))
            return
        service = cells.get("service") or organization
        kind = _TYPES.get(plain(cells.get("type", "")), "")
        service_id = f"{plain(organization)}|{plain(service)}"
        place_id = f"{service_id}|{plain(cells.get('adresse', ''))}|{plain(cells.get('ville', ''))}"
        if place_id in self._seen:
            reason = "the same organisation, service and address as a line above: line left out"
            self._problems.append(Problem(raw.file, raw.row, "organisme", reason, kept=False))
            return
        another_place = service_id in self._seen
        self._seen |= {service_id, place_id}
        self._add(raw, "organization", id=plain(organization), name=organization, website=cells.get("site_web", ""))
        if not another_place:
            self._service(raw, cells, service_id, organization, service, kind)
        if kind != "phone_line" and kind != "mobile":
            self._place(raw, cells, service_id, place_id)
        area = cells.get("territoire") or (cells.get("ville", "") if kind else "")
        if area and _WHOLE_PROVINCE.search(plain(area)):
            self._term(raw, service_id, "province_wide")
        if area:
            self._add(raw, "service_area", service_id=service_id, name=area)

    def _service(
        self, raw: RawRow, cells: dict[str, str], service_id: str, organization: str, service: str, kind: str
    ) -> None:
        confirmed = parse_date(cells["confirme_le"]) if cells.get("confirme_le") else None
        if cells.get("confirme_le") and confirmed is None:
            self._fault(raw, "confirme_le", "not a date")
        self._add(
            raw, "service", id=service_id, organization_id=plain(organization), name=service, status="active",
            email=cells.get("courriel", ""), url=cells.get("site_web", ""), alert=cells.get("notes", ""),
            eligibility_description=cells.get("public", ""), fees_description=cells.get("cout", ""),
            minimum_age=cells.get("age_min", ""), maximum_age=cells.get("age_max", ""),
            assured_date=confirmed.isoformat() if confirmed else "",
        )  # fmt: skip
        for need in self._needs_of(raw, cells.get("besoins", "")):
            self._term(raw, service_id, need)
        if kind:
            self._term(raw, service_id, kind)
        for column, (yes, no) in _TRAITS.items():
            self._yes_or_no(raw, service_id, column, cells.get(column, ""), yes, no)
        if cells.get("responsable"):
            self._term(raw, service_id, "owner", cells["responsable"])
        for kind_of_phone, column in (("voice", "telephone"), ("text", "texto")):
            for number in re.split(r"[|;]", cells.get(column, "")):
                if number.strip():
                    self._add(raw, "phone", service_id=service_id, number=number.strip(), type=kind_of_phone)
        for written in re.split(r"[|;,]", cells.get("langues", "")):
            if written.strip():
                code = language_code(written) or ""
                self._add(raw, "language", service_id=service_id, code=code, name=written.strip())
        for document in re.split(r"[|;]", cells.get("documents", "")):
            if document.strip():
                self._add(raw, "required_document", service_id=service_id, document=document.strip())
        if kind:  # a line or a mobile unit has no place to hang its hours on
            self._hours(raw, cells, service_id=service_id)

    def _place(self, raw: RawRow, cells: dict[str, str], service_id: str, place_id: str) -> None:
        secret = plain(cells.get("adresse_confidentielle", "")) in _YES
        name = cells.get("organisme") or cells.get("service", "")
        self._add(
            raw, "location", id=place_id, location_type="physical", name=name,
            organization_id=plain(name), transportation=cells.get("repere", ""),
            description="Adresse confidentielle" if secret else "",
            latitude="" if secret else cells.get("latitude", ""),
            longitude="" if secret else cells.get("longitude", ""),
        )  # fmt: skip
        self._add(
            raw, "address", location_id=place_id, address_type="physical", city=cells.get("ville", ""),
            address_1="" if secret else cells.get("adresse", ""),
            postal_code="" if secret else cells.get("code_postal", ""), state_province="QC", country="CA",
        )  # fmt: skip
        self._add(raw, "service_at_location", id=place_id, service_id=service_id, location_id=place_id)
        self._hours(raw, cells, service_at_location_id=place_id)

    def _hours(self, raw: RawRow, cells: dict[str, str], **link: str) -> None:
        text = cells.get("horaire", "")
        typed = parse_hours(text) if text else None
        if typed is not None:
            for row in rows_of(typed):
                self._add(raw, "schedule", **link, **row)
        elif text:
            self._fault(raw, "horaire", "not understood: hours unknown, text kept")
            self._add(raw, "schedule", **link, description=text)
        said = plain(cells.get("feries", ""))
        if said:
            if said in _YES or said.startswith("ouvert") or said == "open":
                self._add(raw, "schedule", **link, description=HOLIDAYS_OPEN)
            elif said in _NO or said.startswith(("ferme", "closed")):
                self._add(raw, "schedule", **link, description=HOLIDAYS_CLOSED)
            else:
                self._fault(raw, "feries", "write ouvert or fermé")

    def _needs_of(self, raw: RawRow, text: str) -> Iterator[str]:
        for written in re.split(r"[|;,]", text):
            word = written.strip()
            if not word:
                continue
            bits = self._needs.of_term(plain(word), word)
            if not bits:
                self._fault(raw, "besoins", f"{word!r} is none of the needs ({', '.join(NEEDS)})")
            yield from (need for need, bit in NEED_BITS.items() if bits & bit)

    def _yes_or_no(self, raw: RawRow, service_id: str, column: str, text: str, yes: str, no: str) -> None:
        said = plain(text)
        if said in _YES:
            self._term(raw, service_id, yes)
        elif said in _NO:
            if no:
                self._term(raw, service_id, no)
        elif said:
            self._fault(raw, column, "write oui or non")

    def _term(self, raw: RawRow, service_id: str, code: str, value: str = "") -> None:
        if code not in self._terms:
            self._terms.add(code)
            self._add(raw, "taxonomy", id=TAXONOMY, name=TAXONOMY, description="Passerelle")
            self._add(
                raw, "taxonomy_term", id=f"{TAXONOMY}:{code}", code=code, name=code, taxonomy=TAXONOMY,
                taxonomy_id=TAXONOMY,
            )  # fmt: skip
        self._add(
            raw, "attribute", link_id=service_id, link_entity="service", taxonomy_term_id=f"{TAXONOMY}:{code}",
            value=value,
        )  # fmt: skip

    def _add(self, raw: RawRow, table: str, **values: str) -> None:
        kept = {name: value for name, value in values.items() if value}
        self.tables[table].append(RawRow(raw.file, raw.row, kept, raw.ragged))

    def _fault(self, raw: RawRow, column: str, reason: str) -> None:
        self._problems.append(Problem(raw.file, raw.row, column, reason, kept=True))
