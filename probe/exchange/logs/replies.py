"""The answer to EHLO as it was sent, where the log runs it together.

Newer versions write one row, `250  host Hello [address] SIZE 37748736 … AUTH NTLM LOGIN 8BITMIME`: the lines are lost,
and where a keyword's parameters end has to be known. Older ones write a row for each line.
"""

import re
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Keywords of RFC 5321 and its extensions, and of Exchange among itself.
_KEYWORDS = _words(
    "8BITMIME ATRN AUTH BINARYMIME BURL CHECKPOINT CHUNKING CONNEG CONPERM DELIVERBY DSN ENHANCEDSTATUSCODES ETRN EXPN "
    "FUTURERELEASE HELP LIMITS MT-PRIORITY MTRK NO-SOLICITING PIPELINING PRDR REQUIRETLS RRVS SIZE SMTPUTF8 STARTTLS "
    "VRFY X-ANONYMOUSTLS X-EXCHANGEAUTH X-EXPS X-LINK2STATE XADRC XCLIENT XEXCH50 XEXPROPS XFASTINDEX XFORWARD "
    "XMESSAGECONTEXT XOORG XORIGFROM XPROXY XPROXYFROM XPROXYTO XRDST XSESSIONMDBGUID XSESSIONPARAMS XSHADOW "
    "XSHADOWREQUEST XSYSPROBE"
)
_WITH_PARAMETERS = _words(
    "AUTH BURL DELIVERBY FUTURERELEASE LIMITS MT-PRIORITY NO-SOLICITING RRVS SIZE X-EXCHANGEAUTH X-EXPS XADRC XCLIENT "
    "XEXPROPS XFORWARD XMESSAGECONTEXT XSHADOW XSHADOWREQUEST"
)
WAYS_TO_TLS = ("STARTTLS", "X-ANONYMOUSTLS")

_MASKED_WORD = re.compile(r"X{4,}[A-Z]?")
_MASKED_BANNER = re.compile(r"\*{4}")
_CODE = re.compile(r"[2-5][0-9]{2}(?:[ -]|$)")
_LAST_LINE = re.compile(r"[2-5][0-9]{2}(?: |$)")
_MOST_LINES = 100
_LONGEST_LINE = 1000


@lru_cache(maxsize=256)  # a server answers many alike; the address in it is all that differs
def as_sent(rows: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a reply to EHLO, each with its code."""
    if len(rows) == 1 and rows[0].startswith("250"):
        lines = _apart(rows[0][3:].lstrip(" -").split())
        if len(lines) > 1:
            return coded([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])
    return coded(rows)


def coded(rows: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Rows of one reply as its lines; where a code was taken out with what stood around it, the one that it had."""
    lines = [row[:_LONGEST_LINE] for row in rows[:_MOST_LINES]]
    known = next((line[:3] for line in lines if _CODE.match(line)), None)
    if known is None:
        return ()
    last = len(lines) - 1
    return tuple(
        line if _CODE.match(line) else f"{known}{' ' if place == last else '-'}{line.strip()}"
        for place, line in enumerate(lines)
    )


def _apart(words: list[str]) -> list[str]:
    """The greeting, then each keyword with its parameters."""
    lines: list[str] = []
    greeting: list[str] = []
    for word in words[: _MOST_LINES * 4]:
        keyword = word.upper().partition("=")[0]
        if keyword in _KEYWORDS or _MASKED_WORD.fullmatch(keyword):
            lines.append(word)
        elif not lines:
            greeting.append(word)
        elif lines[-1].partition(" ")[0].upper() in _WITH_PARAMETERS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)  # a keyword that we do not know
    return [" ".join(greeting), *lines]


def keywords(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The keywords that a positive reply offers, in upper case, without parameters."""
    return tuple(line[4:].partition(" ")[0].upper() for line in lines[1:])


def masked(word: str) -> bool:
    """Whether a keyword or command is one that a device on the way wrote over (`XXXXXXXA`)."""
    return bool(_MASKED_WORD.fullmatch(word))


def ends(line: str) -> bool:
    """Whether it is the last line of a reply."""
    return bool(_LAST_LINE.match(line))


def masked_banner(line: str) -> bool:
    return bool(_MASKED_BANNER.search(line))


@lru_cache(maxsize=256)
def ways_to_tls(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the two are among the keywords of a reply."""
    found = keywords(lines)
    return tuple(way for way in WAYS_TO_TLS if way in found)
