"""Conversation flows and vetted texts: YAML a coordinator can read, a pure engine that walks through it."""
