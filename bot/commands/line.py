"""`serve` and `work`: the line itself. `init` and `check`: getting an organisation ready. `connect`: the providers."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from bot import bootstrap, worker
from bot.app import create_app
from bot.commands.shared import PROBLEMS, fail, load_settings, out, run
from bot.readiness import Finding, look
from bot.settings import DEMONSTRATION, Settings, unknown
from directory.spreadsheet import template_csv

TEMPLATE = Path(__file__).parent.parent / "template"
SERVICES = "services.csv"
BACKLOG = 128


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(serve)
    app.command()(work)
    app.command()(init)
    app.command()(check)
    app.command(name="connect")(connect_provider)


def serve(
    no_work: Annotated[bool, typer.Option("--no-work", help="Answer only; another process does the due work.")] = False,
) -> None:
    """Answer texts, and do the work that is due."""
    settings = load_settings()
    folder = settings.prepare_state()
    with _listening(settings) as listener:
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        name = f"{address}/" if settings.is_demonstration else f"{address}/healthz"
        out.print(f"Passerelle: {name}", markup=False)
        out.print(f"State: {folder}", markup=False)
        run(_answer(settings, listener, work=not no_work))


def _listening(settings: Settings) -> socket.socket:
    """The socket to listen on: taken before anything is loaded, so that a port in use is said at once."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
        # Connections inherit it. Without it the body of each answer waits some 40 ms for the other side's acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        fail(f"cannot listen ({reason}); choose another PASSERELLE_PORT, or mend PASSERELLE_HOST")


async def _answer(settings: Settings, listener: socket.socket, *, work: bool) -> None:
    """Serve until told to stop. The service is built here and not by the server, whose words for a failure are a traceback."""
    app = create_app(settings, work=work)
    app.state.closing = asyncio.Event()  # tells the page's streams to end, which the server would wait for
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    told_to_stop = asyncio.Event()  # while the service is being built, and after the server has stopped
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, told_to_stop.set)
    async with app.router.lifespan_context(app):
        if not told_to_stop.is_set():
            await _Server(config, app.state.closing).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends the streams of open pages as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: the pages first, then the server's own way."""
        self._closing.set()
        super().handle_exit(sig, frame)


def work() -> None:
    """Do the due work alone: send, escalate, forget on time."""
    settings = load_settings()
    folder = settings.prepare_state()

    async def until_told() -> None:
        service = await bootstrap.build(settings)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop.set)
        try:
            await worker.run(service, stop)
        finally:
            await service.close()

    out.print(f"State: {folder}", markup=False)
    run(until_told())


def init(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Lay down an organisation's folder, to be filled in."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fail(f"{folder}: already there and not empty; choose another folder")
    try:
        shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
        services = folder / SERVICES
        if not services.exists():
            services.write_text(
                template_csv(), encoding="utf-8-sig"
            )  # spreadsheet programs need the mark to read accents
    except OSError as error:
        fail(f"{folder}: cannot be written ({error.strerror})")
    out.print(f"{folder}: fill in organisation.yml and {SERVICES}, then 'passerelle check {folder}'", markup=False)


def check(
    folder: Annotated[Path | None, typer.Argument(help="The organisation's folder (default: the one set).")] = None,
) -> None:
    """Everything that would go wrong before it does: settings, rota, cards, directory, providers."""
    settings = load_settings()
    if folder is not None:
        if not folder.is_dir():
            fail(f"{folder}: no such folder; make one with 'passerelle init {folder}'")
        settings = settings.model_copy(update={"organisation": folder})
    findings: list[Finding] = run(look(settings))
    findings.extend(Finding("warning", "environment", line) for line in unknown())
    for finding in findings:
        out.print(f"{finding.severity}: {finding.where}: {finding.message}", markup=False)
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" for finding in findings)
    name = "the demonstration" if settings.organisation == DEMONSTRATION else str(settings.organisation)
    out.print(f"{name}: {errors} errors, {warnings} warnings", markup=False)
    if errors:
        raise typer.Exit(PROBLEMS)


def connect_provider(
    provider: Annotated[str, typer.Argument(help="twilio or telegram")],
) -> None:
    """Set a provider's webhooks, and verify them."""
    settings = load_settings()
    if provider not in ("twilio", "telegram"):
        fail("write 'passerelle connect twilio' or 'passerelle connect telegram'")
    from bot import connect  # the providers' libraries are large, and only this command needs both

    work = connect.twilio(settings) if provider == "twilio" else connect.telegram(settings)
    report = run(work)
    for text in report.lines:
        out.print(text, markup=False)
    if not report.ok:
        raise typer.Exit(PROBLEMS)
