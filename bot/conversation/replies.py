"""From rendered texts to messages: what is sent first, what is joined, what follows. Pure.

On SMS one message rides on the webhook's response; several would arrive in any order. So an emergency's
first lines go alone and at once, and everything else is joined into as few messages as stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.messages import ChannelName, Choice

JOINED_CHARACTERS = 320
"""Longest message made by joining (Twilio's advice for delivery; `facts/sms-rules.md`)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the texter. `alone` keeps it from being joined with what precedes or follows."""

    text: str = field(repr=False)
    choices: tuple[Choice, ...] = field(default=(), repr=False)
    ask_location: bool = False
    alone: bool = False


def pack(replies: list[Reply], channel: ChannelName) -> list[Reply]:
    """Join neighbouring replies on SMS; elsewhere each is a message of its own. Empty ones go."""
    kept = [reply for reply in replies if reply.text.strip()]
    if channel is not ChannelName.SMS:
        return kept
    packed: list[Reply] = []
    for reply in kept:
        last = packed[-1] if packed else None
        if last is None or last.alone or reply.alone or len(last.text) + len(reply.text) + 1 > JOINED_CHARACTERS:
            packed.append(reply)
        else:
            packed[-1] = Reply(f"{last.text}\n{reply.text}", reply.choices or last.choices)
    return packed
