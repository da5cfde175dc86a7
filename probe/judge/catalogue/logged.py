"""Findings on what protocol logs show: how sessions went, what the sides made of each other, which certificates went
out, and the logs themselves."""

from probe.judge.catalogue.entry import Entry
from probe.judge.catalogue.logged_certificates import LOGGED_CERTIFICATES
from probe.judge.catalogue.logged_dialogue import LOGGED_DIALOGUE
from probe.judge.catalogue.logged_sessions import LOGGED_SESSIONS
from probe.judge.catalogue.logged_source import LOGGED_SOURCE
from probe.judge.catalogue.logged_trust import LOGGED_TRUST

LOGGED: tuple[Entry, ...] = (*LOGGED_SESSIONS, *LOGGED_DIALOGUE, *LOGGED_TRUST, *LOGGED_CERTIFICATES, *LOGGED_SOURCE)
