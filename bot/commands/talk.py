"""`chat`, `understand` and `converse`: the line without a telephone."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bot import bootstrap, converse, worker
from bot.channels.simulator import RecordingChannel
from bot.commands.shared import PROBLEMS, err, fail, load_settings, out, run, write
from bot.messages import ChannelName, Inbound
from bot.settings import Settings
from bot.store.messages import new_id
from bot.store.vault import Vault
from nlu.interpretation import Interpretation
from nlu.interpreter import load_interpreter

RANKED = 10


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(chat)
    app.command()(understand)
    app.command(name="converse")(converse_command)


def understand(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Say what is understood of each line of standard input."""
    interpreter, why_no_model = load_interpreter()
    if why_no_model is not None:
        err.print(f"no model: {why_no_model}", markup=False)
    for line in sys.stdin.buffer:  # bytes split on \n only, and each line is answered as it comes
        understood = interpreter.interpret(line.removesuffix(b"\n").decode("utf-8", "replace"))
        write(json.dumps(as_object(understood)) if as_json else _in_words(understood))


def as_object(understood: Interpretation) -> dict[str, object]:
    """The contract's JSON object (design section 11)."""
    result: dict[str, object] = {"language": understood.language.value, "urgency": understood.urgency.value}
    if understood.urgency.value == "none":
        result["check"] = understood.check
    return result | {
        "reasons": list(understood.reasons),
        "intent": understood.intent,
        "confidence": round(understood.confidence, 4),
        "ranking": [
            {"intent": ranked.intent, "confidence": round(ranked.confidence, 4)}
            for ranked in understood.ranking[:RANKED]
        ],
        "entities": [
            {"entity": entity.entity, "value": entity.value, "start": entity.start, "end": entity.end}
            for entity in understood.entities
        ],
    }


def _in_words(understood: Interpretation) -> str:
    reasons = f" ({', '.join(understood.reasons)})" if understood.reasons else ""
    check = " ?" if understood.check else ""
    return (
        f"{understood.language.value}  {understood.urgency.value}{check}{reasons}  "
        f"{understood.intent} {understood.confidence:.2f}"
    )


def converse_command(
    path: Annotated[Path, typer.Argument(help="Scripts, one JSON object a line.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an entry.")] = False,
) -> None:
    """Play scripts through the whole service, on a virtual clock."""
    try:
        scripts = list(converse.read_scripts(path))
    except converse.ScriptError as error:
        fail(str(error))

    async def play_all() -> None:
        with tempfile.TemporaryDirectory(prefix="passerelle-") as folder:
            content = bootstrap.load_content(Settings(state=Path(folder)))
            for script in scripts:
                async for result in converse.play(script, content):
                    write(converse.dump(result) if as_json else _transcript(result))

    run(play_all())


def _transcript(result: dict[str, object]) -> str:
    replies = result["replies"]
    texts = "\n".join(f"    < {text}" for text in replies) if isinstance(replies, list) else ""
    head = (
        f"{result['id']} {result['turn']}: {result['urgency'] or '-'} {result['intent'] or '-'} [{result['handoff']}]"
    )
    return f"{head}\n{texts}" if texts else head


def chat() -> None:
    """The line in a terminal: type as a texter would; the end of the input (Ctrl-D) leaves."""
    settings = load_settings()

    async def talk() -> None:
        with tempfile.TemporaryDirectory(prefix="passerelle-chat-") as folder:
            recorder = RecordingChannel(ChannelName.SIMULATOR)
            scratch = settings.model_copy(update={"state": Path(folder), "database_url": None})
            service = await bootstrap.assemble(
                scratch,
                bootstrap.load_content(settings),
                Vault.ephemeral(),
                scratch.database,
                {ChannelName.SIMULATOR: recorder},
                bootstrap.wall_clock,
            )
            try:
                out.print("Écris comme un texto. / Type as you would text. (Ctrl-D)", markup=False)
                while (text := await asyncio.to_thread(_read_line)) is not None:
                    inbound = Inbound(ChannelName.SIMULATOR, "chat", new_id(), text, service.clock())
                    response = await service.intake.receive(inbound)
                    await worker.tick(service, service.clock())  # what the turn queued is due by now
                    for reply in recorder.texts_to("chat"):
                        out.print(reply, style="bold", markup=False)
                    recorder.clear()
                    understood = response.result.understood if response.result else None
                    if understood is not None:
                        err.print(f"  {_in_words(understood)}", style="dim", markup=False)
            finally:
                await service.close()

    try:
        run(talk())
    except KeyboardInterrupt:
        raise typer.Exit(PROBLEMS) from None


def _read_line() -> str | None:
    sys.stdout.write("> ")
    sys.stdout.flush()
    line = sys.stdin.buffer.readline()
    return line.decode("utf-8", "replace").rstrip("\n") if line else None
