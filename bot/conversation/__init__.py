"""One incoming message, one turn: who answers, what is said, what it causes, all in one transaction."""
