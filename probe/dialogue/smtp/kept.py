"""What may be kept of what a client said.

It is made here, not copied from the wire: of a greeting the name, of an address the domain, of AUTH the mechanism, of
what is no command its length. So neither passwords nor a message's text get into evidence, in whatever order they come.
"""

import re

from probe.dialogue.smtp.mailbox import MASKED, mailbox, masked

LONGEST = 255  # characters of a greeting, and of the parameters of a command
MOST = 50  # lines of what came too early

CHUNK = re.compile(r"([0-9]{1,12})( +LAST)?", re.IGNORECASE)  # the argument of BDAT (RFC 3030 §2)
_NAME = re.compile(rf"[A-Za-z0-9._:\[\]\x80-\xff-]{{1,{LONGEST}}}")  # a domain, an address in brackets, also in UTF-8
_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "GSSAPI", "NTLM", "XOAUTH2", "X-EXPS")


def kept(line: str, *, full: bool) -> str:
    """The command on this line, as far as it may be kept; `full`: with whole addresses."""
    word, _, rest = line.partition(" ")
    verb, argument = word.upper(), rest.strip(" \t")
    match verb:
        case "EHLO" | "HELO":
            return f"{verb} {argument if _NAME.fullmatch(argument) else MASKED}" if argument else verb
        case "MAIL" | "RCPT" if not argument:
            return verb
        case "MAIL" | "RCPT":
            way = "FROM" if verb == "MAIL" else "TO"
            if found := mailbox(argument, way):
                parameters = found.parameters if full else masked(found.parameters)
                return f"{verb} {way}:{found.path(full=full)}{parameters[:LONGEST]}"
        case "BDAT" if CHUNK.fullmatch(argument):
            return f"BDAT {argument}"
        case "AUTH":
            mechanism = argument.partition(" ")[0].upper()
            return f"AUTH {mechanism} {MASKED}" if mechanism in _MECHANISMS else f"AUTH {MASKED}"
        case "STARTTLS" | "RSET" | "NOOP" | "DATA" | "QUIT" | "VRFY" | "EXPN" | "HELP" | "BDAT":
            return f"{verb} {MASKED}" if argument else verb
    return f"({len(line)} bytes that are no command)"


def kept_of(data: bytes, *, full: bool) -> str:
    """The commands in there, a line each; of more than so many their number."""
    lines = data.decode("latin-1").split("\n")
    if not lines[-1]:
        lines.pop()
    said = [kept(line.removesuffix("\r"), full=full) for line in lines[:MOST]]
    if len(lines) > MOST:
        said.append(f"({len(lines) - MOST} lines more)")
    return "".join(f"{line}\r\n" for line in said)
