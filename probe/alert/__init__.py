"""Tells someone. One module a kind of sink, one row each in `SINKS`.

What waits to be told is in the store's outbox; `run` brings the two together.
"""
