"""The page itself in a real browser: reload, pins, mistakes, markup, keyboard, screen readers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bot.console.phones import MAX_CHARACTERS
from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser


def test_a_reload_shows_every_thread_again(visit: Opener) -> None:
    phones = visit()
    phones.texter.texts("salut")
    expect(phones.texter.received).not_to_have_count(0)
    phones.new_person()
    phones.texter.texts("allo")
    expect(phones.texter.received).not_to_have_count(0)
    phones.page.reload()
    phones.page.locator("#connection.up").wait_for(state="attached")
    expect(phones.page.locator("#texter [role=tab]")).to_have_count(2)
    expect(phones.texter.thread.locator(".mine .said")).to_have_text(["salut"])


def test_two_pages_show_the_same_phones(visit: Opener) -> None:
    here = visit()
    there = visit()
    here.texter.texts("allo des deux bords")
    name = here.page.locator("#texter [role=tab][aria-selected=true]").inner_text()
    there.page.get_by_role("tab", name=name).click()
    expect(there.texter.thread.locator(".mine .said").last).to_have_text("allo des deux bords")


def test_a_place_can_be_shared_as_a_pin(visit: Opener) -> None:
    phones = visit()
    phones.texter.texts("j'ai faim")
    expect(phones.texter.received).not_to_have_count(0)
    phones.page.locator("#texter [data-share]").click()
    dialog = phones.page.get_by_role("dialog")
    dialog.locator("#coordinates").fill("quelque part")
    dialog.locator("#send-coordinates").click()
    expect(dialog.locator("#coordinates-error")).to_contain_text("deux nombres")
    before = phones.texter.received.count()
    dialog.get_by_role("button", name="Berri-UQAM").click()
    expect(dialog).to_be_hidden()
    expect(phones.texter.thread.locator(".mine .said").last).to_have_text("📍 Métro Berri-UQAM, Montréal")
    expect(phones.texter.received.nth(before)).to_be_visible()


def test_mistakes_are_one_line_and_keep_what_was_typed(visit: Opener) -> None:
    phones = visit()
    text, error = phones.page.locator("#texter-text"), phones.page.locator("#texter [data-error]")
    text.press("Enter")
    expect(error).to_have_text("Écris quelque chose avant d'envoyer.")
    text.fill("a" * (MAX_CHARACTERS + 1))
    expect(error).to_have_text("Trop long de 1.")
    text.press("Enter")
    expect(error).to_contain_text(str(MAX_CHARACTERS))
    expect(text).to_have_value("a" * (MAX_CHARACTERS + 1))
    text.fill("allo")
    expect(error).to_be_empty()
    expect(phones.texter.thread.locator(".mine")).to_have_count(0)


def test_markup_in_a_text_is_only_text(visit: Opener) -> None:
    phones = visit()
    phones.texter.texts("<img src=x onerror=alert(1)> {{7*7}}")
    expect(phones.texter.received).not_to_have_count(0)
    assert phones.page.locator("#texter .said img").count() == 0


def test_by_keyboard_alone_and_named_for_a_screen_reader(visit: Opener) -> None:
    phones = visit(scheme="dark")
    page = phones.page
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, textarea, input, a')].filter(e => !(e.textContent.trim() ||"
        " e.ariaLabel || (e.labels && e.labels.length))).length"
    )
    assert unnamed == 0
    tab = page.locator("#texter [role=tab][aria-selected=true]")
    first = tab.inner_text()
    expect(page.get_by_role("log", name=f"Fil de {first}")).to_have_count(1)
    phones.new_person()
    tab.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name=first)).to_be_focused()
    page.locator("#texter-text").focus()
    page.keyboard.type("allo")
    page.keyboard.press("Tab")
    expect(page.locator("#texter .compose [type=submit]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(phones.texter.thread.locator(".mine .said")).to_have_text(["allo"])
    moving = page.evaluate("[...document.querySelectorAll('.line')].filter(e => e.getAnimations().length).length")
    assert moving == 0  # the person asked for less motion
