"""Files that are no export in any form that we read: what each looks like, and what to do instead."""

import re

from probe.exchange.forms.limits import Flaw

EXPORT = (
    "export objects: `Get-SendConnector | ConvertTo-Json -Depth 6 | Set-Content -Encoding UTF8 send.json`, "
    "or run contrib/Export-ProbeConnectors.ps1"
)
_LOOKED_AT = 1 << 16  # characters at the beginning
_LOGS = "`probe logs FILE` reads protocol logs"

_BINARY = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "unpack it; of a workbook, save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Office document or an Outlook message", EXPORT),
    (b"%PDF", "a PDF document", EXPORT),
    (b"\x1f\x8b", "a gzip archive", f"unpack it; {_LOGS}, packed ones as well"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"MSCF", "a cabinet archive", "unpack it"),
    (b"ElfFile\x00", "an event log", "copy the event's XML from Event Viewer; `probe explain` reads it"),
    (b"0\x82", "a certificate in DER, or a PFX file", f"keep private keys to yourself; {EXPORT}"),
)

_TEXT = (
    (r"^#(?:Software: Microsoft Exchange|Fields: ?date-time)", "a protocol log", _LOGS),
    (r"^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----", "a private key", f"keep it to yourself; {EXPORT}"),
    (r"^-----BEGIN ", "a PEM certificate", EXPORT),
    (r"^\s*<(?:!DOCTYPE html|html|head|body|table)\b", "an HTML page", EXPORT),
    (r"^\s*<", "XML, but no Export-Clixml", f"`Get-SendConnector | Export-Clixml send.xml` writes one; or {EXPORT}"),
    (r"^class [A-Za-z]\w*\s*^\{", "Format-Custom output", f"pipe through Format-List instead; better, {EXPORT}"),
    (
        r"^(?:-{2,} {1,80})*-{2,} *$",
        "Format-Table output, which leaves most properties out",
        f"pipe through Format-List instead; better, {EXPORT}",
    ),
    (
        r"^(?:Reporting-MTA|Diagnostic-Code):|Diagnostic information for administrators",
        "a bounce",
        "`probe explain` reads bounces",
    ),
    (
        r"CommandNotFoundException|is not recognized as ",
        "a complaint that a command is not known",
        "run it in the Exchange Management Shell, or after Connect-ExchangeOnline",
    ),
    (r"^ {0,8}[{\[]\s*$", "JSON with other text before it", "keep the JSON alone, or write it with Set-Content"),
)

# The property that all objects of Format-List and Format-Table have, which are about layout and carry no values.
FORMATTED = "classid2e4f51ef21dd47e99d3c952918aff9cd"


def empty() -> Flaw:
    return Flaw(None, "nothing is in it", f"had the command any output? {EXPORT}")


def binary(data: bytes) -> Flaw | None:
    """What bytes look like that are no text."""
    return next((_flaw(what, hint) for start, what, hint in _BINARY if data.startswith(start)), None)


def textual(text: str) -> Flaw:
    """What text looks like that is no export."""
    start = text[:_LOOKED_AT]
    for pattern, what, hint in _TEXT:
        if re.search(pattern, start, re.MULTILINE | re.IGNORECASE):
            return _flaw(what, hint)
    return Flaw(None, "it is no export: neither Format-List, JSON, Clixml nor CSV", EXPORT)


def _flaw(what: str, hint: str) -> Flaw:
    return Flaw(None, f"it looks like {what}", hint)


def formatted(line: int) -> Flaw:
    """Objects that went through Format-List or Format-Table before they were exported."""
    what = "it has what Format-List or Format-Table made of the objects, not the objects"
    return Flaw(line, what, "leave Format-List and Format-Table out where ConvertTo-Json or an Export- command follows")
