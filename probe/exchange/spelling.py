"""Names of properties as Exchange writes them."""

from probe.model import ReceiveConnector, SendConnector

_WORDS = {"ip": "IP", "tls": "Tls", "mx": "MX", "dns": "DNS", "sts": "Sts", "starttls": "STARTTLS"}
_UPPER = (SendConnector, ReceiveConnector)  # which have RequireTLS, where the others have RequireTls


def spelt(thing: object, name: str) -> str:
    """The name of a property of this object, given in our spelling."""
    if name == "changed":
        return "WhenChanged"
    if name == "require_tls" and isinstance(thing, _UPPER):
        return "RequireTLS"
    return "".join(_WORDS.get(word, word.capitalize()) for word in name.split("_"))
