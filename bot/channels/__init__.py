"""How texts travel: one file a channel. Nothing is registered here; `bot/bootstrap.py` builds what the settings name."""
