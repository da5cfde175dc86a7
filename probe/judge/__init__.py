"""Decides. Pure and total: evidence, what is expected, trust anchors and a date in; a report out. No clock, no network.

`judging.judge` is the whole of it; `catalogue` says what each finding means and loads nothing else.
"""
