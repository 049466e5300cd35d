"""What providers call: one file a provider. They verify, parse, hand over, and word the response."""
