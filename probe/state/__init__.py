"""Remembers, in SQLite, and compares. `standing` and `changes` are pure: what a look makes of what was known."""

from probe.errors import StateError
from probe.state.faults import DamagedStore, FullStore
from probe.state.place import default_path
from probe.state.rows import LookSeen, Mute, Run
from probe.state.store import Store

__all__ = ["DamagedStore", "FullStore", "LookSeen", "Mute", "Run", "StateError", "Store", "default_path"]
