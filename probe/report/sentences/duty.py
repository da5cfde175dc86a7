"""The sentences on what changed from look to look."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "certificate-changed": "{before} gave way to {after}",
    "certificate-changed names-changed": "{before} gave way to {after}, which is not for {lost}",
    "policy-changed": "before: {before}; now: {after}",
}

# Of a certificate that cannot be read there is no more than its thumbprint.
MORE: Mapping[str, Mapping[str, str]] = {
    "certificate-changed issuer-changed": {
        "issuer": ", issued by {issuer}",
        "before_issuer": " and no longer by {before_issuer}",
    },
    "certificate-changed names-and-issuer-changed": {
        "subject": ", {subject}",
        "issuer": ", issued by {issuer}",
        "before_subject": "; before, it was {before_subject}",
    },
    "certificate-changed": {
        "not_after": "; it is valid until {not_after}",
        "offer": " (to clients that offer {offer} alone)",
    },
}
