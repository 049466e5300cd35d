"""The words of a search: what is asked (`Query`, `Audience`) and what is answered (`Answer`, `Found`) (pure).

Everything here is re-exported by `directory.search`. Types that hold a place or a phone number hide
it in `repr`, so that a log line cannot carry it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

NEEDS = (
    "find_supplies", "find_shelter", "find_food", "find_hygiene", "find_health", "find_testing", "find_supervised_use",
    "find_drug_checking", "find_treatment", "find_rights_help", "find_community", "find_outreach",
)  # fmt: skip

Gender = Literal["woman", "man", "other"]
Kind = Literal["place", "mobile", "area", "line"]
Precision = Literal["exact", "intersection", "street", "neighbourhood", "postal_area", "town", "hidden", "none"]


@dataclass(frozen=True, slots=True)
class Audience:
    """What the person said about themselves; None or False means not said, and nothing is demanded.

    `age` in years; `languages` are ISO 639-1 codes they speak; `pets`: has an animal; `couple`: with a
    partner; `no_id`: has no identity paper; `wheelchair`: needs step-free access; `faith_free`: wants no
    religious service; `low_threshold`: wants a place that asks nothing.
    """

    age: int | None = None
    gender: Gender | None = None
    languages: frozenset[str] = frozenset()
    pets: bool = False
    couple: bool = False
    no_id: bool = False
    wheelchair: bool = False
    faith_free: bool = False
    low_threshold: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One search. `needs` are intent names (`find_food`...), any of them; `at` is an aware moment.

    `unconfirmed` False leaves out services that nobody has confirmed; `exclude` holds `Found.id` already
    shown ("another one"). `lat`/`lon` None: only what is not tied to a place is found.
    """

    needs: frozenset[str]
    lat: float | None = field(repr=False)
    lon: float | None = field(repr=False)
    at: datetime
    audience: Audience = Audience()
    limit: int = 5
    unconfirmed: bool = True
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """One service at one place (or a mobile unit, a service area, a phone line), ready to be said.

    `km` is None when there is no place, or when it must not be known (confidential address). `open` is
    None when the hours are unknown; `until` is then None, and `opens_at` the next known opening if any.
    `to_verify` says the data was never confirmed, or too long ago. `address` is None when there is none
    to give. `reasons` are codes, most important first; `directory.reasons.explain` puts them in French or English.
    """

    id: str
    name: str
    service: str
    kind: Kind
    km: float | None = field(repr=False)
    open: bool | None
    until: datetime | None
    opens_at: datetime | None
    confirmed_on: date | None
    to_verify: bool
    phone: str | None = field(repr=False)
    text_number: str | None = field(repr=False)
    address: str | None = field(repr=False)
    url: str | None = field(repr=False)
    notes: str = field(repr=False)
    reasons: tuple[str, ...] = ()
    precision: Precision = "none"
    precision_km: float | None = None
    beds: int | None = None
    source: str = ""
    service_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`found`: places, best first. `lines`: phone lines and mobile units that serve here, always offered beside.

    `nearest_km` is the distance of the nearest place found (None when there is none); above
    `directory.search.NEAR_KM` say it, and give the lines that drive, deliver or answer.
    """

    found: tuple[Found, ...] = ()
    lines: tuple[Found, ...] = ()
    nearest_km: float | None = field(default=None, repr=False)

    @property
    def any_open(self) -> bool:
        """Whether at least one of the places is known to be open."""
        return any(item.open for item in self.found)
