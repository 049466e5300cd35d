"""Understanding: from the words of a text to its language, urgency, intent and entities."""
