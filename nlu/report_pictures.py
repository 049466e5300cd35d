"""The pictures of the model report, as SVG text: horizontal bars and trade-off curves. No outside resource, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

_INK, _GRID, _FIRST, _SECOND = "#16292e", "#d9e2de", "#1d6b57", "#b0572a"
_FONT = 'font-family="system-ui, sans-serif" font-size="13"'
_LEFT, _TOP, _WIDTH, _HEIGHT = 64, 46, 520, 300
_ROW = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart: a name, two shares from 0 to 1 (None when there is nothing to count), and what is written."""

    name: str
    first: float | None
    second: float | None
    written: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line of (across, up) points in shares from 0 to 1, with the point in use today, if any."""

    name: str
    points: tuple[tuple[float, float], ...]
    today: tuple[float, float] | None
    dashed: bool


@dataclass(frozen=True, slots=True)
class _Area:
    """The drawn part of the axes: up from `floor` to 1, across from 0 to `right`."""

    floor: float
    right: float

    def across(self, share: float) -> float:
        return _LEFT + _WIDTH * share / self.right

    def up(self, share: float) -> float:
        return _TOP + _HEIGHT * (1 - (share - self.floor) / (1 - self.floor))


def bars(title: str, rows: Sequence[Bar], first: str, second: str = "") -> str:
    """Draw horizontal bars, one row a name; a second, thinner bar when `second` names it."""
    height = 34 + _ROW * len(rows)
    drawn = [_open(700, height, title), _key(0, _FIRST, first), _key(230, _SECOND, second) if second else ""]
    for number, row in enumerate(rows):
        top = 30 + _ROW * number
        drawn.append(f'<text x="178" y="{top + 13}" text-anchor="end" fill="{_INK}">{escape(row.name)}</text>')
        drawn.append(_bar(top + 2, 8 if second else 14, row.first, _FIRST))
        if second:
            drawn.append(_bar(top + 11, 5, row.second, _SECOND))
        drawn.append(f'<text x="592" y="{top + 13}" fill="{_INK}">{escape(row.written)}</text>')
    return "".join([*drawn, "</svg>"])


def _bar(top: int, thick: int, share: float | None, colour: str) -> str:
    ground = f'<rect x="186" y="{top}" width="400" height="{thick}" fill="{_GRID}" opacity=".55"/>'
    if share is None:
        return ground
    return f'{ground}<rect x="186" y="{top}" width="{400 * share:.1f}" height="{thick}" fill="{colour}"/>'


def _key(left: int, colour: str, name: str) -> str:
    return (
        f'<rect x="{186 + left}" y="6" width="12" height="12" fill="{colour}"/>'
        f'<text x="{204 + left}" y="17" fill="{_INK}">{escape(name)}</text>'
    )


def curves(title: str, across: str, up: str, lines: Sequence[Curve], today: str) -> str:
    """Draw lines on axes in percent, both cut to where the lines are."""
    lowest = min((y for line in lines for _x, y in line.points), default=0.0)
    furthest = max((x for line in lines for x, _y in line.points), default=1.0)
    area = _Area(min(0.8, int(lowest * 10) / 10), min(1.0, max(0.1, ceil(furthest * 10) / 10)))
    drawn = [_open(640, 462, title), '<rect width="640" height="462" fill="#fff"/>']
    drawn.append(f'<text x="{_LEFT}" y="24" font-size="16" font-weight="600" fill="{_INK}">{escape(title)}</text>')
    drawn += [_vertical_line(step * area.right / 5, area) for step in range(6)]
    drawn += [_horizontal_line(tenth / 10, area) for tenth in range(round(area.floor * 10), 11)]
    drawn.append(f'<text x="{_LEFT + _WIDTH / 2}" y="386" text-anchor="middle" fill="{_INK}">{escape(across)}</text>')
    drawn.append(
        f'<text x="16" y="{_TOP + _HEIGHT / 2}" text-anchor="middle" fill="{_INK}" '
        f'transform="rotate(-90 16 {_TOP + _HEIGHT / 2})">{escape(up)}</text>'
    )
    for number, line in enumerate(lines):
        drawn.append(_line(line, area, _SECOND if line.dashed else _FIRST, 410 + 20 * number, today))
    return "".join([*drawn, "</svg>\n"])


def _line(line: Curve, area: _Area, colour: str, key_at: int, today: str) -> str:
    way = " ".join(f"{area.across(x):.1f},{area.up(y):.1f}" for x, y in sorted(line.points))
    dashes = ' stroke-dasharray="7 4"' if line.dashed else ""
    stroke = f'fill="none" stroke="{colour}" stroke-width="2.4"{dashes}'
    name = line.name
    dot = ""
    if line.today is not None:
        x, y = line.today
        name += f"; {today}: {y:.1%} / {x:.1%}"
        dot = f'<circle cx="{area.across(x):.1f}" cy="{area.up(y):.1f}" r="6" fill="{colour}" stroke="#fff" stroke-width="2"/>'
    return (
        f'<polyline points="{way}" {stroke}/>{dot}<path d="M{_LEFT} {key_at}h34" {stroke}/>'
        f'<text x="{_LEFT + 44}" y="{key_at + 4}" fill="{_INK}">{escape(name)}</text>'
    )


def _vertical_line(share: float, area: _Area) -> str:
    x = area.across(share)
    return (
        f'<path d="M{x:.1f} {_TOP}v{_HEIGHT}" stroke="{_GRID}"/>'
        f'<text x="{x:.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle" fill="{_INK}">{share:.0%}</text>'
    )


def _horizontal_line(share: float, area: _Area) -> str:
    y = area.up(share)
    return (
        f'<path d="M{_LEFT} {y:.1f}h{_WIDTH}" stroke="{_GRID}"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{_INK}">{share:.0%}</text>'
    )


def _open(width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(title, quote=True)}" {_FONT}>'
    )
