"""The model report as one HTML page that needs nothing else: French first, English at a touch, pictures inline, no script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from html import escape

from nlu.learning_curve import learning_picture
from nlu.model_report import BarRow, Confusion, IntentRow, Report
from nlu.model_report_words import WORDS
from nlu.report_pictures import Bar, bars
from nlu.triage_curve import picture

_SLICE_FIGURES = {
    "intent right": "intent",
    "emergency: said emergency": "short said emergency",
    "emergency: paged": "short emergency paged",
    "urgent: paged": "short urgent paged",
    "none: paged for nothing": "short calm paged",
    "none: asked": "short calm asked",
}
"""The figures of a slice, and the words that head their columns."""
_STYLE = """
:root{color-scheme:light}
body{margin:0;background:#fbfaf7;color:#16292e;font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem 1.2rem 4rem}
h1{font-size:1.7rem;margin:.5rem 0 0}
h2{font-size:1.25rem;margin:2.4rem 0 .2rem;border-top:2px solid #7aa79b;padding-top:.8rem}
p{margin:.3rem 0 .8rem;max-width:46rem} .quiet{color:#45606a} .wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.92rem;background:#fff;width:100%}
th,td{padding:.32rem .6rem;border-bottom:1px solid #d9e2de;text-align:left;vertical-align:top}
th{background:#eef6f4} th.n{text-align:right} td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.missed{color:#8e1f14;font-weight:700} .met{color:#1d6b57} .aimed{color:#1d6b57;font-weight:700}
blockquote{margin:.15rem 0;padding-left:.6rem;border-left:3px solid #d9e2de;overflow-wrap:anywhere}
svg{max-width:100%;height:auto}
.pick{position:absolute;opacity:0} .choice{display:inline-block;padding:.2rem .7rem;cursor:pointer;
 border:1px solid #7aa79b;border-radius:1rem;margin:1rem .4rem 0 0}
.picks{max-width:60rem;margin:0 auto;padding:0 1.2rem}
#en:checked~main .fr,#fr:checked~main .en{display:none}
#fr:checked~.picks [for=fr],#en:checked~.picks [for=en]{background:#1d6b57;color:#fff}
#fr:focus-visible~.picks [for=fr],#en:focus-visible~.picks [for=en]{outline:3px solid #b0572a}
@media print{.picks{display:none}}
"""


def page(report: Report, written: date) -> str:
    """Lay the report out. `written` is the date shown at the top."""
    parts = [
        _head(report, written),
        _section("bars", _bar_table(report.bars)),
        _section("curve", _curve(report)),
        _section("intents", _intents(report.intents)),
        _section("confusions", _confusions(report.confusions)),
        _section("slices", "".join(_slices(way, report.slices[way]) for way in report.slices)),
        _section("learning", _learning(report)),
        _section("thin", _thin(report)),
        _section("situations", _situations(report)),
    ]
    return (
        '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{WORDS['title'][0]} / {WORDS['title'][1]}</title><style>{_STYLE}</style></head>\n<body>"
        '<input class="pick" type="radio" name="l" id="fr" checked aria-label="Français">'
        '<input class="pick" type="radio" name="l" id="en" aria-label="English">'
        '<div class="picks"><label class="choice" for="fr">Français</label><label class="choice" for="en">English</label></div>\n'
        f"<main>{''.join(parts)}</main></body></html>\n"
    )


def _say(name: str) -> str:
    """Both languages, one of which the page hides; a name that has no words is shown as it is."""
    if name not in WORDS:
        return escape(name)
    french, english = WORDS[name]
    return _both(escape(french), escape(english))


def _both(french: str, english: str, tag: str = "span") -> str:
    return f'<{tag} class="fr" lang="fr">{_french_numbers(french)}</{tag}><{tag} class="en" lang="en">{english}</{tag}>'


def _figure(written: str) -> str:
    """A number, as each language writes it."""
    return _both(written, written)


def _french_numbers(markup: str) -> str:
    """Write numbers as in French ("57 345", "90,0 %", "8,6 Mo"), in what is read and not in the drawing's coordinates."""

    def rewritten(read: re.Match[str]) -> str:
        text = re.sub(r"(?<=\d),(?=\d{3}\b)", "\u202f", read.group())
        text = re.sub(r"(?<=\d)\.(?=\d+(?:%| ms\b| s\b| MB\b))", ",", text)
        return re.sub(r"(?<=\d)%", "\u00a0%", text).replace(" MB", " Mo")

    return re.sub(r"(?:^|(?<=>))[^<>]+", rewritten, markup)


def _head(report: Report, written: date) -> str:
    model = f"{_say('model')} <code>{escape(report.model)}</code>" if report.model else _say("no model")
    files = escape(", ".join(report.sources))
    return (
        f"<h1>{_say('title')}</h1>"
        f'<p class="quiet">{_say("measured")} {report.messages} {_say("messages")} ({files}). '
        f"{_say('written')} {written.isoformat()}, {model}.</p><p><strong>{_say('private')}</strong></p>"
    )


def _section(name: str, content: str) -> str:
    lead = f"<p>{_say(f'{name} lead')}</p>"
    return f'\n<section id="{name}"><h2>{_say(name)}</h2>{lead}{content}</section>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[int]) -> str:
    """Build a table of cells that are already HTML; `numbers` are the columns set to the right."""

    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = [' class="n"' if at in numbers else "" for at in range(len(row))]
        return "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, row, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{cells("th", heads)}</tr></thead><tbody>{body}</tbody></table></div>'


def _bar_table(rows: Sequence[BarRow]) -> str:
    heads = [_say(name) for name in ("figure", "ours", "among", "bar", "aim", "state")]
    body = []
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        aim = f"{sign} {_amount(row.aim, row.unit)}" if row.aim is not None else ""
        count = str(row.count) if row.unit == "share" else ""
        ours, bar = _amount(row.value, row.unit), f"{sign} {_amount(row.bar, row.unit)}"
        body.append([_say(row.name), _figure(ours), count, _figure(bar), _figure(aim), _state(row)])
    return _table(heads, body, frozenset({1, 2, 3, 4}))


def _state(row: BarRow) -> str:
    if row.met is None:
        return _say("nothing")
    name = "missed" if not row.met else "aimed" if row.aimed else "met"
    return f'<span class="{name}">{_say(name)}</span>'


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if unit == "share" else f"{value:.2f} {unit}"


def _curve(report: Report) -> str:
    if not report.curve:
        return f"<p>{_say('no curve')}</p>"
    return _both(picture(report.curve, "fr"), picture(report.curve, "en"), "div")


def _learning(report: Report) -> str:
    if not report.learning:
        return f"<p>{_say('no learning')}</p>"
    names = ("learning", "share of messages", "right first", "among three")
    drawn = [learning_picture(report.learning, *(WORDS[name][at] for name in names)) for at in range(2)]
    body = [
        [_figure(f"{one.messages:,}"), _figure(f"{one.first:.1%}"), _figure(f"{one.three:.1%}")]
        for one in report.learning
    ]
    heads = [_say(name) for name in ("messages", "right first", "among three")]
    return _both(drawn[0], drawn[1], "div") + _table(heads, body, frozenset({0, 1, 2}))


def _intents(rows: Sequence[IntentRow]) -> str:
    drawn = [
        Bar(row.intent, row.recall, row.precision, f"{_percent(row.recall)} / {_percent(row.precision)}")
        for row in rows
    ]
    pictures = [bars(WORDS["intents"][at], drawn, WORDS["recall"][at], WORDS["precision"][at]) for at in range(2)]
    heads = [_say(name) for name in ("intent", "labelled", "understood", "recall", "precision")]
    body = [
        [
            f"<code>{row.intent}</code>",
            str(row.labelled),
            str(row.understood),
            _figure(_percent(row.recall)),
            _figure(_percent(row.precision)),
        ]
        for row in rows
    ]
    return _both(pictures[0], pictures[1], "div") + _table(heads, body, frozenset({1, 2, 3, 4}))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _confusions(found: Sequence[Confusion]) -> str:
    if not found:
        return f"<p>{_say('no confusion')}</p>"
    heads = [_say(name) for name in ("labelled", "understood", "messages", "examples")]
    body = []
    for pair in found:
        quoted = "".join(
            f'<blockquote lang="{example.labelled.language}">{escape(example.labelled.text)} '
            f'<span class="quiet">({escape(example.place.rsplit("/", 1)[-1])})</span></blockquote>'
            for example in pair.examples
        )
        body.append([f"<code>{pair.labelled}</code>", f"<code>{pair.understood}</code>", str(pair.count), quoted])
    return _table(heads, body, frozenset({2}))


def _slices(way: str, parts: dict[str, dict[str, float]]) -> str:
    heads = [_say(way), _say("messages"), *(_say(name) for name in _SLICE_FIGURES.values())]
    body = []
    for name, values in parts.items():
        shares = [_figure(_percent(values.get(figure))) for figure in _SLICE_FIGURES]
        body.append([_say(name), str(int(values["messages"])), *shares])
    return _table(heads, body, frozenset(range(1, len(heads)))) + "<br>"


def _thin(report: Report) -> str:
    if not report.thin:
        return f"<p>{_say('no thin')}</p>"
    heads = [_say(name) for name in ("intent", "urgency", "language", "messages")]
    body = [[f"<code>{cell.intent}</code>", cell.urgency, cell.language, str(cell.count)] for cell in report.thin]
    return _table(heads, body, frozenset({3}))


def _situations(report: Report) -> str:
    most = max(report.situations.values(), default=0) or 1
    rows = [Bar(intent, count / most, None, str(count)) for intent, count in report.situations.items()]
    pictures = [bars(WORDS["situations"][at], rows, WORDS["situations"][at]) for at in range(2)]
    return _both(pictures[0], pictures[1], "div")
