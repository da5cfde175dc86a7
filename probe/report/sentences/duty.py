"""The sentences on what changed from look to look."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "certificate-changed": "{before} gave way to {after}",
    "certificate-changed names-changed": "{before} gave way to {after}, which is not for {lost}",
    "certificate-changed issuer-changed": "{before}, issued by {before_issuer}, gave way to {after}, issued by "
    "{issuer}",
    "certificate-changed names-and-issuer-changed": "{before}, {before_subject}, gave way to {after}, {subject}",
    "policy-changed": "before: {before}; now: {after}",
}

MORE: Mapping[str, Mapping[str, str]] = {
    "certificate-changed": {
        "not_after": ", valid until {not_after}",
        "before_not_after": "; the old one until {before_not_after}",
        "offer": " (to clients that offer {offer} alone)",
    },
}
