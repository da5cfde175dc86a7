"""The arguments of MAIL and RCPT: whose mail it is, and how much of that may be kept."""

import re
from dataclasses import dataclass

MASKED = "***"

# RFC 5321 §4.1.2, taken as it comes: a blank behind the colon, and mailboxes without a domain, exist.
_QUOTED, _PLAIN = r'"(?:[^"\\]|\\.){0,512}"', r'[^<>"\s]'
_PATH = re.compile(
    rf"(?P<word>FROM|TO)\s*:\s*<(?P<mailbox>(?:{_QUOTED}|{_PLAIN}){{0,1024}})>(?P<rest>.*)", re.IGNORECASE
)
_TELLING = re.compile(
    r"(?<=\s)(ORCPT|AUTH|ENVID|XORIG\w*)=\S*", re.IGNORECASE
)  # parameters that hold an address or a name


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

    def path(self, *, full: bool) -> str:
        """`<***@contoso.com>`, or the whole address."""
        at = f"@{self.domain}" if self.domain else ""
        return f"<{self.local if full or not self.local else MASKED}{at}>"


def mailbox(argument: str, word: str) -> Mailbox | None:
    """What stands behind `MAIL` (`word` FROM) or `RCPT` (TO); None where it is no path. RFC 5321 §4.1.1.3: a source
    route in front of the mailbox (`<@a,@b:user@c>`) is left out."""
    found = _PATH.fullmatch(argument.strip())
    if found is None or found["word"].upper() != word or (found["rest"] and not found["rest"].startswith(" ")):
        return None
    text = found["mailbox"].rpartition(":")[2] if found["mailbox"].startswith("@") else found["mailbox"]
    local, at, domain = text.rpartition("@")
    return Mailbox(local=local if at else domain, domain=domain.lower() if at else "", parameters=found["rest"])


def masked(parameters: str) -> str:
    """Parameters of ESMTP without the addresses in them."""
    return _TELLING.sub(rf"\1={MASKED}", parameters)
