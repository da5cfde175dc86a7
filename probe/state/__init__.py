"""Remembers, in SQLite, and compares. `standing` and `changes` are pure: what a look makes of what was known."""
