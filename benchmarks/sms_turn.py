"""How fast a signed SMS becomes a committed turn and a TwiML answer, how soon the service starts, and what it weighs.

Run `.venv/bin/python -m benchmarks.sms_turn [--messages 400] [--at-once 8]`. It starts the real `passerelle serve` on
SQLite (synchronous=FULL) with a loopback Twilio, posts signed forms, and prints the median and the 99th percentile of what the
sender waits, the messages answered a second, the time from start to the first answer, and the memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import httpx
from twilio.request_validator import RequestValidator

from tests.fakes.twilio_server import TwilioServer

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - a token of the fake server
TEXTS = (
    "ou je peux avoir des seringues à Hochelaga",
    "salut c qui ça",
    "can you tell me what naloxone does",
    "mon ami respire pu yé bleu",
    "jfile pas ben ben à soir",
)


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--at-once", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as state, TwilioServer().running() as twilio:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")},
            "PASSERELLE_STATE": state,
            "PASSERELLE_PORT": str(port),
            "PASSERELLE_PUBLIC_URL": url,
            "PASSERELLE_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "PASSERELLE_TWILIO_AUTH_TOKEN": TOKEN,
            "PASSERELLE_TWILIO_NUMBER": "+15145550100",
            "PASSERELLE_TWILIO_API_BASE": twilio.url,
        }
        started = time.perf_counter()
        command = [str(Path(sys.executable).parent / "passerelle"), "serve"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            first = asyncio.run(_first_answer(url))
            print(f"start to first answer: {first - started:.2f} s")
            waits, seconds = asyncio.run(_post_all(url, arguments.messages, arguments.at_once))
            hundredths = quantiles(waits, n=100)
            print(
                f"{arguments.messages} signed texts, {arguments.at_once} at once: {arguments.messages / seconds:.0f} a second"
            )
            print(f"sender waits: p50 {1000 * median(waits):.1f} ms, p99 {1000 * hundredths[98]:.1f} ms")
            alone, _ = asyncio.run(_post_all(url, 60, 1, first=arguments.messages))
            print(f"one at a time: p50 {1000 * median(alone):.1f} ms")
            print(f"memory (resident): {_resident(server.pid) / 1024:.0f} MB")
        finally:
            server.terminate()
            server.wait(timeout=30)
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _first_answer(url: str) -> float:
    async with httpx.AsyncClient() as client:
        while True:
            try:
                if (await _post(client, url, 999_999)).status_code == 200:
                    return time.perf_counter()
            except httpx.TransportError:
                await asyncio.sleep(0.02)


async def _post_all(url: str, count: int, at_once: int, first: int = 0) -> tuple[list[float], float]:
    waits: list[float] = []
    numbers = iter(range(first, first + count))

    async def sender(client: httpx.AsyncClient) -> None:
        for number in numbers:
            begun = time.perf_counter()
            response = await _post(client, url, number)
            response.raise_for_status()
            waits.append(time.perf_counter() - begun)

    async with httpx.AsyncClient(timeout=30) as client:
        begun = time.perf_counter()
        await asyncio.gather(*(sender(client) for _ in range(at_once)))
        return waits, time.perf_counter() - begun


async def _post(client: httpx.AsyncClient, url: str, number: int) -> httpx.Response:
    sid = f"SM{number:032x}"
    form = {"MessageSid": sid, "From": f"+1514555{2000 + number % 97:04d}", "To": "+15145550100", "NumMedia": "0"}
    form["Body"] = TEXTS[number % len(TEXTS)]
    address = f"{url}/sms/twilio"
    signature = RequestValidator(TOKEN).compute_signature(address, form)
    return await client.post(address, data=form, headers={"X-Twilio-Signature": signature})


def _resident(pid: int) -> int:
    """Resident memory in kilobytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    raise SystemExit(main())
