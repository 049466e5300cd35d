"""Played-back providers: Twilio and Telegram on loopback, faithful to their contracts, able to fail as they do."""
