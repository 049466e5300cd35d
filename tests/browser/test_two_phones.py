"""The demonstration in a real browser: a person texts, a worker answers, both through the whole service."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser

DANGER = "yo mon chum est bleu y répond pu"
SMALL = (375, 700)


def test_help_at_once_then_a_human_then_goodbye(visit: Opener) -> None:
    phones = visit()
    texter, worker = phones.texter, phones.worker
    texter.texts(DANGER)
    first = texter.received.first
    expect(first).to_contain_text("911")
    assert "911" in first.inner_text()[:136]
    expect(worker.waiting).to_contain_text(re.compile("URGENCE VITALE|LIFE AT RISK"))
    assert "bleu" not in worker.waiting.inner_text()  # a page says nothing of what the person wrote
    expect(first).to_be_in_viewport()  # what follows does not push the first lines away
    code = worker.takes()
    worker.expects(DANGER)
    texter.expects("vraie personne")
    worker.texts("chu là avec toi. y respire tu?")
    texter.expects("chu là avec toi. y respire tu?")
    texter.texts("un peu oui")
    worker.expects(f"{code}: un peu oui")
    worker.closes(code)
    texter.expects("a fini pour le moment")
    worker.expects(re.compile(rf"^{code} (est fermée|is closed)"))
    expect(phones.page.locator("#worker [data-codes]")).to_be_hidden()


def test_several_persons_do_not_mix(visit: Opener) -> None:
    phones = visit()
    texter, worker = phones.texter, phones.worker
    name = phones.page.locator("#texter [role=tab][aria-selected=true]").inner_text()
    first_tab = phones.page.get_by_role("tab", name=name)
    texter.texts("jveux me tuer à soir")
    first = worker.takes()
    phones.new_person()
    expect(texter.received).to_have_count(0)
    texter.texts(DANGER)
    expect(texter.received.first).to_contain_text("911")
    second = worker.takes()
    assert first != second
    worker.texts(f"{first} allo toi")
    expect(first_tab.locator(".badge")).not_to_be_empty()
    expect(texter.received.filter(has_text="allo toi")).to_have_count(0)
    first_tab.click()
    texter.expects("allo toi")
    expect(first_tab.locator(".badge")).to_be_empty()


def test_a_small_screen_shows_one_phone_at_a_time(visit: Opener) -> None:
    phones = visit(size=SMALL)
    expect(phones.page.locator("#worker")).to_be_hidden()
    phones.texter.texts(DANGER)
    expect(phones.page.locator("[data-show=worker] .badge")).not_to_be_empty()
    expect(phones.texter.received.first).to_be_in_viewport()
    phones.shows("worker")
    expect(phones.page.locator("#texter")).to_be_hidden()
    expect(phones.page.locator("[data-show=worker] .badge")).to_be_empty()
    code = phones.worker.takes()
    phones.worker.texts(f"{code} chu là")
    phones.shows("texter")
    phones.texter.expects("chu là")
    assert phones.page.evaluate("document.documentElement.scrollWidth") <= SMALL[0], "nothing sticks out of the screen"
    low = "[...document.querySelectorAll('button')].filter(b => b.offsetHeight > 0 && b.offsetHeight < 28).length"
    assert phones.page.evaluate(low) == 0, "every button can be hit by a cold thumb"


def test_in_english(visit: Opener) -> None:
    phones = visit()
    phones.page.get_by_role("link", name="EN").click()
    expect(phones.page.locator("html")).to_have_attribute("lang", "en")
    phones.page.locator("#connection.up").wait_for(state="attached")
    phones.new_person()
    phones.texter.texts("my friend is blue and wont wake up")
    first = phones.texter.received.first
    expect(first).to_contain_text("911")
    assert first.inner_text().startswith("Call 911")
    phones.worker.takes()
    phones.texter.expects("real person")


def test_erasing_tells_the_worker_and_leaves_nothing_to_answer(visit: Opener) -> None:
    phones = visit()
    phones.texter.texts(DANGER)
    code = phones.worker.takes()
    phones.texter.texts("EFFACE")
    phones.texter.expects(re.compile(r"effacé.*: [A-Z0-9]{6,}"))
    phones.worker.expects(re.compile(rf"^{code}: .*(tout effacé|erased everything)"))
    expect(phones.page.locator("#worker [data-codes] .close", has_text=code)).to_have_count(0)
