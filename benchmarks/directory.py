"""Measures the directory: search among 100,000, its memory, place lookup, reading and previewing a large set.

    python -m benchmarks.directory [path of a large HSDS package]

Prints one line per figure with its budget (design, section 15; issue "directory").
"""

import asyncio
import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import create_async_engine

from directory import hsds, store
from directory.load import read
from directory.places import Places
from directory.query import NEEDS
from directory.search import Index, Query
from directory.traits import TAXONOMY

SERVICES = 100_000
_PHRASES = (
    "coin ste-cath st-denis", "homa", "H2L 1S7", "métro papino", "saint-roch à québec", "longeuil", "sept-iles",
    "chu proche du parc la fontaine", "im near atwater market", "ontario pis davidson", "Rimouski", "trois riv",
)  # fmt: skip

_Rows = Iterator[dict[str, object]]


def resident_mb() -> float:
    """Memory of this process, in MB (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _id(kind: str, number: int) -> str:
    return f"{hash(kind) & 0xFFFFFFFF:08x}-0000-4000-8000-{number:012d}"


def _services() -> _Rows:
    for n in range(SERVICES):
        yield {
            "source": "s", "id": _id("s", n), "name": f"Service numéro {n}", "status": "active",
            "organization_id": _id("o", n % 20_000), "eligibility_description": "Toute personne qui en a besoin",
            "assured_date": f"2025-{n % 12 + 1:02d}-15",
        }  # fmt: skip


def _locations(random_: random.Random) -> _Rows:
    for n in range(SERVICES):
        point = {"latitude": random_.uniform(45.3, 47.0), "longitude": random_.uniform(-75.9, -71.0)}
        yield {"source": "s", "id": _id("l", n), "location_type": "physical", **point}


def _schedules(random_: random.Random) -> _Rows:
    for n in range(SERVICES):
        opens, closes = random_.choice(((8, 16), (9, 17), (10, 20), (20, 8), (13, 21), (0, 0)))
        days = random_.choice(("MO,TU,WE,TH,FR", "MO,WE,FR", "SA,SU", "MO,TU,WE,TH,FR,SA,SU"))
        yield {
            "source": "s", "service_id": _id("s", n), "freq": "WEEKLY", "byday": days,
            "opens_at": f"{opens:02d}:{random_.choice((0, 15, 30, 45)):02d}",
            "closes_at": f"{closes:02d}:{random_.choice((0, 15, 30, 45)):02d}",
        }  # fmt: skip


def large_index() -> Index:
    """An index of 100,000 services at locations between Gatineau and Québec."""
    random_ = random.Random(7)
    return Index.from_rows(
        {
            "taxonomy_term": [{"source": "s", "id": need, "code": need, "taxonomy": TAXONOMY} for need in NEEDS],
            "organization": ({"source": "s", "id": _id("o", n), "name": f"Organisme {n}"} for n in range(20_000)),
            "service": _services(),
            "location": _locations(random_),
            "service_at_location": (
                {"source": "s", "id": _id("sl", n), "service_id": _id("s", n), "location_id": _id("l", n)}
                for n in range(SERVICES)
            ),
            "address": (
                {"source": "s", "location_id": _id("l", n), "address_1": f"{n}, rue Ontario Est", "city": "Montréal"}
                for n in range(SERVICES)
            ),
            "phone": (
                {"source": "s", "service_id": _id("s", n), "number": f"514-555-{n:06d}"} for n in range(SERVICES)
            ),
            "schedule": _schedules(random_),
            "attribute": (
                {"source": "s", "link_id": _id("s", n), "link_entity": "service", "taxonomy_term_id": NEEDS[n % 12]}
                for n in range(SERVICES)
            ),
        }
    )  # fmt: skip


def timed_ms(calls: list[Callable[[], object]]) -> list[float]:
    """Milliseconds of each call, sorted."""
    times = []
    for call in calls:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)


def _say(what: str, value: float, unit: str, budget: str) -> None:
    print(f"{what:<58} {value:9.2f} {unit:<3} (budget {budget})")


def measure_search() -> None:
    """Search among 100,000: half of the queries for one need, half for all of them, at any hour of the week."""
    gc.collect()
    before = resident_mb()
    index = large_index()
    gc.collect()
    _say("memory of the index of 100,000", resident_mb() - before, "MB", "≤ 150")
    random_ = random.Random(11)
    start = datetime(2026, 1, 12, tzinfo=ZoneInfo("America/Toronto"))
    calls: list[Callable[[], object]] = []
    for number in range(300):
        needs = frozenset(NEEDS) if number % 2 else frozenset({random_.choice(NEEDS)})
        at = start + timedelta(minutes=random_.randrange(7 * 24 * 60))
        query = Query(needs, random_.uniform(45.4, 46.9), random_.uniform(-75.8, -71.1), at)
        calls.append(lambda query=query: index.search(query))  # type: ignore[misc]  # the default binds the loop's value
    times = timed_ms(calls)
    _say("nearest 5 open among 100,000, p50", statistics.median(times), "ms", "≤ 2")
    _say("nearest 5 open among 100,000, p99", times[int(len(times) * 0.99)], "ms", "-")


def measure_places() -> None:
    """Place lookup in the words of the street."""
    places = Places.load()
    times = timed_ms([lambda text=text: places.find(text) for text in _PHRASES * 50])  # type: ignore[misc]  # as above
    _say("place lookup, p50", statistics.median(times), "ms", "≤ 1")
    _say("place lookup, p99", times[int(len(times) * 0.99)], "ms", "-")


async def measure_import(path: Path) -> None:
    """Reads a package, previews it, stores it, and loads it back."""
    start = time.perf_counter()
    package = read(path)
    places = Places.load()
    with tempfile.TemporaryDirectory() as folder:
        engine = create_async_engine(f"sqlite+aiosqlite:///{folder}/directory.db")
        async with engine.begin() as conn:
            await conn.run_sync(hsds.metadata.create_all)
        async with engine.begin() as conn:
            preview = await store.preview(conn, "benchmark", package)
            await store.replace(conn, "benchmark", package, places, int(time.time()))
        _say(f"import with preview of {preview.added} services", time.perf_counter() - start, "s", "≤ 20")
        start = time.perf_counter()
        async with engine.connect() as conn:
            await store.load_index(conn)
        _say("the same, loaded as an index", time.perf_counter() - start, "s", "-")
        await engine.dispose()


if __name__ == "__main__":
    measure_search()
    measure_places()
    if len(sys.argv) > 1:
        asyncio.run(measure_import(Path(sys.argv[1])))
