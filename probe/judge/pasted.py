"""What happens to a name or a thumbprint on its way through web pages, forums, consoles and directories.

Exchange stores only what it can read. Text that cannot be read was therefore damaged afterwards, mostly in one of a few
ways that can be told by their look.
"""

import re

DIRECTORY = 256  # characters that the directory of an Edge server takes (KB 4052493)
STRAIGHT = str.maketrans("“”„‟″‘’‚‛", '"""""\'\'\'\'')

_HTML = re.compile(r"&(?:lt|gt|amp|quot|#0*39|#x27);", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_NO_CN = re.compile(r"(?:^|<S>)\s*,|\bCN\s*=\s*(?:,|<|$)", re.IGNORECASE)
_SCRUBBED = re.compile(r"#{3}|\*{3}|\[(?:redacted|removed)\]|<(?:redacted|removed)>", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f\s:-]+", re.IGNORECASE)
_ENDS = ("...", "…")


def trap(text: str) -> str | None:
    """What is wrong with a pasted or stored name or thumbprint, as one clause ("it …"); None where nothing is seen."""
    bare = text.strip()
    if bare and _HEX.fullmatch(_INVISIBLE.sub("", bare)):
        return _no_thumbprint(_INVISIBLE.sub("", bare))
    return _marred(bare) or _ended(bare)


def scrubbed(text: str) -> bool:
    """Whether parts of a name were taken out, by hand or by a filter."""
    return bool(_NO_CN.search(text) or _SCRUBBED.search(text))


def cut(text: str) -> bool:
    """Whether a name stops before its end."""
    return text.endswith(_ENDS) or _has_an_open_quote(text) or _ends_within(text)


def _no_thumbprint(given: str) -> str | None:
    digits = len(re.sub(r"[\s:-]", "", given.lower().removeprefix("0x")))
    if digits == 40:
        return None
    if digits == 64:
        return "it is a SHA-256 digest; the thumbprints of Exchange are SHA-1, 40 hexadecimal digits"
    return f"it has {digits} hexadecimal digits, and a thumbprint has 40"


def _marred(text: str) -> str | None:
    """Marks that a tool has put in, or left out, on the way."""
    if _HTML.search(text):
        return "it is HTML: &lt; stands for <, and &gt; for >"
    if _NO_CN.search(text):
        return "its CN was lost on the way, as the link filters of forums do"
    if _SCRUBBED.search(text):
        return "parts of it were blacked out"
    if _INVISIBLE.search(text):
        return "it holds invisible marks, such as Windows' certificate dialog adds to what is copied"
    if text.translate(STRAIGHT).replace("'", "") != text.replace("'", ""):
        return "it has typographic quotes, which copying from a web page or a document brings in"
    if _DASHES.search(text):
        return "it has a typographic dash where a hyphen may be meant"
    return None


def _ended(text: str) -> str | None:
    """Text that stops before its end, and text that is too long to be stored everywhere."""
    if text.endswith(_ENDS):
        return "its end was left out where it was printed"
    if _has_an_open_quote(text):
        return "it has a double quote without a partner, as where something has cut it"
    if _ends_within(text):
        return "it ends in the middle of a name, as where something has cut it"
    if len(text) > DIRECTORY:
        return f"it has {len(text)} characters, and the directory of an Edge server takes {DIRECTORY}"
    return None


def _has_an_open_quote(text: str) -> bool:
    return text.translate(STRAIGHT).count('"') % 2 == 1


def _ends_within(text: str) -> bool:
    """Whether the last part of a name is no TYPE=value, as in `CN=mail.contoso.com, O=Contoso Ltd, L`."""
    if text.endswith((",", "+", "=")):
        return True
    comma = text.rfind(",")
    outside_quotes = comma > text.rfind('"') and text[comma - 1] != "\\"
    return comma > 0 and "=" in text[:comma] and outside_quotes and "=" not in text[comma:]
