"""The directory: services near a person, open, and fit for them, in the HSDS standard. Imports nothing of `bot`."""
