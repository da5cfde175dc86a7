"""The arguments of MAIL and RCPT: whose mail it is, and how much of that may be kept."""

import re
import string
from dataclasses import dataclass, replace

MASKED = "***"

# RFC 5321 §4.1.2, taken as it comes: a blank behind the colon, and mailboxes without a domain, exist.
_QUOTED, _PLAIN = r'"(?:[^"\\]|\\.){0,512}"', r'[^<>"\s]'
_PATH = re.compile(
    rf"(?P<word>FROM|TO)\s*:\s*<(?P<mailbox>(?:{_QUOTED}|{_PLAIN}){{0,1024}})>(?P<rest>.*)",
    re.IGNORECASE | re.ASCII | re.DOTALL,  # of a text in UTF-8 (RFC 6531), bytes look like blanks of Unicode
)
_LONGEST = 255  # RFC 5321 §4.5.3.1.2
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# Parameters that say nothing of anybody. Of others the name may be kept where it is one of these.
_HARMLESS = re.compile(
    r"SIZE=[0-9]{1,20}|BODY=(?:7BIT|8BITMIME|BINARYMIME)|RET=(?:FULL|HDRS)|SMTPUTF8|REQUIRETLS"
    r"|NOTIFY=(?:NEVER|SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*",
    re.IGNORECASE | re.ASCII,
)
_KNOWN = ("AUTH", "ENVID", "ORCPT", "XOORG", "XORIGFROM")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A reverse or forward path. `domain` is in lower case as far as it is ASCII, empty where there is none; both parts
    are empty of the null sender, `<>`. `parameters` are those of ESMTP, as sent."""

    local: str
    domain: str
    parameters: str = ""

    @property
    def null(self) -> bool:
        """`<>`: the sender of bounces (RFC 5321 §4.5.5)."""
        return not self.local and not self.domain

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local

    def path(self, *, full: bool) -> str:
        """`<***@contoso.com>`, or the whole address."""
        shown = self if full or not self.local else replace(self, local=MASKED)
        return f"<{shown.address}>"


def mailbox(argument: str, word: str) -> Mailbox | None:
    """What stands behind `MAIL` (`word` FROM) or `RCPT` (TO); None where it is no path. RFC 5321 §4.1.1.3: a source
    route in front of the mailbox (`<@a,@b:user@c>`) is left out."""
    found = _PATH.fullmatch(argument)
    if found is None or found["word"].upper() != word or (found["rest"] and not found["rest"].startswith(" ")):
        return None
    text = found["mailbox"].rpartition(":")[2] if found["mailbox"].startswith("@") else found["mailbox"]
    local, at, domain = text.rpartition("@")
    if not at:
        local, domain = domain, ""
    if '"' in domain or len(domain) > _LONGEST:  # the @ stands in quotes, or in no name of a host
        return None
    return Mailbox(local=local, domain=domain.translate(_LOWER), parameters=found["rest"])


def masked(parameters: str) -> str:
    """Parameters of ESMTP without what may tell of somebody."""
    return "".join(f" {_masked(word)}" for word in parameters.split(" ") if word)


def _masked(word: str) -> str:
    name = word.partition("=")[0].upper()
    if _HARMLESS.fullmatch(word):
        return word
    return f"{name}={MASKED}" if name in _KNOWN else MASKED
