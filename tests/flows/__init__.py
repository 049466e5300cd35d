"""Tests of the flows: engine, kinds of steps, cards, checks, and whole conversations."""
