"""Tests of what is stored, and sealed."""
