"""What is stored, and sealed: tables, keys, contacts, messages, handoffs, retention."""
