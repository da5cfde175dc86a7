"""The forms of exports, each recognised by what is in the file, never by its name, and all read to `Raw` objects."""

import re
from dataclasses import replace

from probe.errors import ExportError
from probe.exchange.forms import clixml, csv, format_list, json, strangers
from probe.exchange.forms.limits import Flaw
from probe.exchange.raw import Read
from probe.exchange.text import decoded

__all__ = ["read"]

# A prompt may begin `[PS]`, but no list of JSON does.
_JSON = re.compile(r'\s*+(?:\{|\[\s*+(?:[\[{"\]0-9-]|null|true|false|$))')
_NOTHING = re.compile(r"[\0\s]*+(?:null[\0\s]*+|\[\s*+\][\0\s]*+)?+")
_XML = re.compile(r"\s*+<(?:\?xml|!--|!DOCTYPE(?!\s+html\b)|(?:[A-Za-z]{1,20}:)?(?:Objs|Events?)\b)", re.IGNORECASE)


def read(data: bytes, source: str) -> Read:
    """The objects of an export in any form and encoding; `source` is its name in messages.

    Raises `ExportError`, and nothing else whatever the bytes, saying the file, the line where there is one, and what to
    do instead.
    """
    try:
        if other := strangers.binary(data):
            raise other
        text, encoding = decoded(data)
        found = _read(text)
        for raw in found.objects:
            if strangers.FORMATTED in raw.properties:
                raise strangers.formatted(raw.line)
    except Flaw as flaw:
        raise flaw.of(source) from None
    except ExportError as error:
        raise ExportError(f"{source}: {error}", error.hint) from None
    return replace(found, encoding=encoding)


def _read(text: str) -> Read:
    if _NOTHING.fullmatch(text):
        raise strangers.empty()
    if _JSON.match(text):
        return json.read(text)
    if _XML.match(text):
        return clixml.read(text)
    if csv.looks_like_it(text):
        return csv.read(text)
    if format_list.looks_like_it(text):
        return format_list.read(text)
    raise strangers.textual(text)
