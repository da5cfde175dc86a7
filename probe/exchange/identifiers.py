"""The texts that name certificates, as exports have them: `TlsCertificateName`, distinguished names, thumbprints."""

import html
import re

from probe.exchange.fields import Fields
from probe.judge import dn, pasted
from probe.model import Gap, Text

SHA1 = re.compile(r"[0-9A-F]{40}")
# What copying from Windows' certificate dialog brings in, marks of direction and zero width among it.
_BETWEEN = re.compile("[\\s:\u00ad\u2010-\u2015-\u200b-\u200f\u202a-\u202e\u2060\ufeff-]+")
_CUT = re.compile(r"(?:\.\.\.|…|,|=)\Z")
_LIMITS = (255, 256)  # characters that the directory of an Edge server takes


def thumbprint(fields: Fields, key: str) -> Text:
    """A thumbprint in bare upper-case hex; what is none is kept as found, with a remark."""
    text = fields.text(key)
    if not isinstance(text, str):
        return text
    bare = _BETWEEN.sub("", text).upper()
    if SHA1.fullmatch(bare):
        return bare
    fields.remark("thumbprint-not-sha1", key, text)
    return text


def distinguished_name(fields: Fields, key: str) -> Text:
    """A name in Windows' form, blanks collapsed, which don't count where names are compared."""
    text = fields.text(key)
    return " ".join(text.split()) if isinstance(text, str) else text


def certificate_name(fields: Fields, key: str) -> Text:
    """`<I>issuer<S>subject`. A text of which a part is missing, cut off or taken out, is lost: to conclude from its
    rest would be to conclude from nothing."""
    text = distinguished_name(fields, key)
    if not isinstance(text, str):
        return text
    if re.search("&lt;[IS]&gt;", text, re.IGNORECASE):
        fields.remark("html-escaped", key, text)
        text = html.unescape(text)
    if pasted.scrubbed(text):
        return fields.lost(key, "scrubbed", text)
    if _CUT.search(text):
        return fields.lost(key, "value-cut", text)
    if text.translate(pasted.STRAIGHT) != text:
        fields.remark("typographic-quotes", key, text)
    return _parsed(fields, key, text)


def _parsed(fields: Fields, key: str, text: str) -> str | Gap:
    try:
        dn.parse_identity(text)
    except ValueError:
        if pasted.cut(text) or len(text) in _LIMITS:
            return fields.lost(key, "value-cut", text)
        fields.remark("name-unreadable", key, text)
    return text
