"""A real service, a real Chromium, and the two phones of its page."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 180
EXPECT_MILLISECONDS = 20_000  # how long a slow machine may take; a fast one never waits
WIDE = (1280, 860)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file; each test has a context of its own.

    Not for the whole session: Playwright's own event loop would still be running under the asynchronous tests that follow.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM} (apt-get install chromium)")
    expect.set_options(timeout=EXPECT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demonstration as `make demo` starts it, on a free port and a state of its own; gives its address.

    One for the tests of a file: each of them is a new person.
    """
    tmp_path = tmp_path_factory.mktemp("service")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    environment |= {"PASSERELLE_STATE": str(tmp_path / "state"), "PASSERELLE_PORT": str(port)}
    log = (tmp_path / "serve.log").open("w+")
    command = [sys.executable, "-c", "from bot.cli import main; main()", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(address, process, log.name)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:  # a service that is still starting does not hear the signal yet
            process.kill()
            process.wait()
        log.close()


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"the service stopped at once: {Path(log).read_text()[-500:]}")
        try:
            if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the service did not answer within {START_SECONDS} s: {Path(log).read_text()[-500:]}")


@dataclass
class Phone:
    """One of the page's two phones: what is shown on it, and what its holder does."""

    page: Page
    side: str

    @property
    def thread(self) -> Locator:
        """The thread that is open."""
        return self.page.locator(f"#{self.side} .thread:not([hidden])")

    @property
    def received(self) -> Locator:
        """What the open thread received."""
        return self.thread.locator(".theirs .said")

    def texts(self, text: str) -> None:
        """Type and send."""
        self.page.locator(f"#{self.side}-text").fill(text)
        self.page.locator(f"#{self.side}-text").press("Enter")
        expect(self.thread.locator(".mine .said").last).to_have_text(text)

    def expects(self, words: str | re.Pattern[str]) -> Locator:
        """Wait for a message with these words, and give it."""
        found = self.received.filter(has_text=words).last
        expect(found).to_be_visible()
        return found

    @property
    def waiting(self) -> Locator:
        """Pages of conversations that nobody has yet."""
        return self.thread.locator(".page", has=self.page.locator(".choice:enabled"))

    def takes(self) -> str:
        """Take the conversation that waits; gives its code."""
        expect(self.waiting).to_have_count(1)
        button = self.waiting.locator(".choice")
        code = button.get_attribute("data-value") or ""
        button.click()
        self.expects(re.compile(rf"^{code} (est à toi|is yours)"))
        return code

    def closes(self, code: str) -> None:
        """Close with the button above the text box."""
        self.page.locator(f"#{self.side} [data-codes] .close", has_text=code).click()


@dataclass
class Phones:
    """The page, open."""

    page: Page
    texter: Phone
    worker: Phone

    def new_person(self) -> None:
        """Somebody else texts."""
        tabs = self.page.locator("#texter [role=tab]")
        before = tabs.count()
        self.page.locator("#new-person").click()
        expect(tabs).to_have_count(before + 1)
        expect(tabs.last).to_have_attribute("aria-selected", "true")

    def shows(self, side: str) -> None:
        """Under 700 px: turn to one of the phones."""
        self.page.locator(f"[data-show={side}]").click()


Opener = Callable[..., Phones]


@pytest.fixture
def visit(chromium: Browser, service: str) -> Iterator[Opener]:
    """Opens the page in a fresh browser context, as a new person. At the end: nothing came from elsewhere, no script failed."""
    problems: list[str] = []
    contexts = []

    def opener(path: str = "/", size: tuple[int, int] = WIDE, scheme: str = "light", motion: str = "reduce") -> Phones:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type] # "light" or "dark"
            reduced_motion=motion,  # type: ignore[arg-type] # "reduce" or "no-preference"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(EXPECT_MILLISECONDS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("request", lambda sent: None if sent.url.startswith(service) else problems.append(sent.url))
        page.goto(service + path)
        page.locator("#connection.up").wait_for(state="attached")
        phones = Phones(page, Phone(page, "texter"), Phone(page, "worker"))
        if phones.texter.thread.locator(".line").count() > 0:
            phones.new_person()
        return phones

    yield opener
    for context in contexts:
        context.close()
    assert problems == []
