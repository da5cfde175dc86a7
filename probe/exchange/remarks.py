"""What an export may give its reader to think about: the words of `Remark.what`, each with its sentence."""

from collections.abc import Mapping
from types import MappingProxyType

REMARKS: Mapping[str, str] = MappingProxyType(
    {
        "lost-in-csv": "Export-Csv has written a type's name where the value was: export as JSON or by Export-Clixml.",
        "lost-in-depth": "The export has a type's name where the value was: it was not written deep enough.",
        "list-cut": "The list ends in `...`: there were more entries than $FormatEnumerationLimit lets through.",
        "value-cut": "The value ends in the middle of a name: its end was cut off, so it is taken for not known.",
        "typographic-quotes": "The value holds typographic quotes, which copying from web pages brings in.",
        "scrubbed": "Parts of the value were taken out before we saw it, so it is taken for not known.",
        "html-escaped": "The value holds HTML's `&lt;` for `<`: it is read as it was meant.",
        "name-unreadable": "The value is not of the form <I>issuer<S>subject.",
        "thumbprint-not-sha1": "A thumbprint has 40 hexadecimal digits; this one is kept as it is and matches nothing.",
        "rawdata-disagrees": "The printed thumbprint is not that of RawData, by which the certificate is read.",
        "rawdata-unreadable": "RawData is no certificate that can be read: what was printed beside it is used.",
        "date-ambiguous": "Day and month of the date cannot be told apart, so it is taken for not known.",
        "date-unreadable": "The date is written in a way that is not known here: it is taken for not known.",
        "dates-local": "Dates are in the server's local time, written in its culture: they may be 14 hours off.",
        "value-unknown": "The number or the shape of the value is not known here: it is taken for not known.",
        "duplicate-property": "The property is there more than once, with several values: the first is read.",
        "nameless": "The object has neither Name nor Identity, so it cannot be told from others of its kind.",
        "unknown-object": "The object is none that is read here, or too little is there to tell what it is.",
        "server-of-session": "The server is taken from PSComputerName, right if each server was asked for its own.",
        "server-unknown": "The same certificate is there more than once without its server: who has which is lost.",
        "not-collected": "The collector could not ask for this.",
        "exports-differ": "Two exports say different things of this; the younger, as far as they tell, is believed.",
        "remarks-cut": "There is more to remark than is listed.",
    }
)

# Remarks that say nothing without their text.
BY_TEXT = frozenset({"not-collected", "exports-differ"})
