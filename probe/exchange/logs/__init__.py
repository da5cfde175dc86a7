"""SMTP protocol logs of Exchange, read as a stream: however many gigabytes go in, what is held stays small.

lines      octets to whole lines: encodings, lines without end
row        one line to its nine fields
gathering  rows that interleave, to the sessions that they belong to
fact       what one information row says, its certificates by `certificate`
story      a session's rows, to what happened in it
replies    the answer to EHLO as it was sent, where the log runs it together
witness    a session as evidence, as the wire would have given it
shape      what sessions that tell the same have in common, so that only the first of them is read closely
counting   sessions that are alike, counted together
digest     all of it: files in, `Digest` out
"""

from probe.exchange.logs.digest import digest
from probe.exchange.logs.lines import other_log

__all__ = ["digest", "other_log"]
