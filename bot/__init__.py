"""The service: channels, conversation, handoff to on-call workers, storage, web and command line."""
