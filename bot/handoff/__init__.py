"""Handoff: a conversation that needs a human gets an owner, or the person is told the truth."""
