"""Findings of a rehearsal on the way from the next certificate to a trusted root."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    IMPORT_INTERMEDIATE,
    PUBLIC_CERTIFICATE,
    ROOT_PROGRAMME,
    UNTRUSTED_ROOT_FIX,
    refusal,
)

REHEARSE_AGAIN = "Then rehearse again: probe rehearse --connectors FILE --next CERT.pem."
ANOTHER = ("Get another certificate from the CA.", REHEARSE_AGAIN)
NEVER_YET = "Nothing is broken yet: the certificate is not in use."

NEXT_TRUST = (
    Entry(
        code="rehearsal-trust",
        title="Whether the next certificate leads to a trusted root",
        meaning=(
            "Exchange Online demands a path to a root of Microsoft's programme. The finding names the list of roots "
            "that was used here; Microsoft's is not the same."
        ),
        cause="A private CA, or a certificate that was made on the server itself.",
        remedy=(*PUBLIC_CERTIFICATE, REHEARSE_AGAIN),
        exchange_online=refusal("UntrustedRoot"),
        references=(ROOT_PROGRAMME, UNTRUSTED_ROOT_FIX),
        causes={
            "self-signed": Cause(
                title="The next certificate is self-signed",
                meaning=(
                    "Exchange Online accepts no self-signed certificate, neither from the server that it connects to "
                    f"nor from one that connects to it. {NEVER_YET}"
                ),
                remedy=(*PUBLIC_CERTIFICATE, REHEARSE_AGAIN),
            ),
            "unknown-root": Cause(
                title="The next certificate leads to a root that is not trusted",
                meaning=(
                    "By the list of roots that the finding names. If it is Microsoft's alone that knows the root, or "
                    "your own, give it with --roots; if it is a private CA, Exchange Online refuses it."
                ),
                remedy=("Name the list of roots that should count with --roots.", *PUBLIC_CERTIFICATE),
            ),
            "path-invalid": Cause(
                title="The path from the next certificate to its root is not valid",
                meaning=(
                    "A signature or a constraint on it does not hold; the finding has OpenSSL's words. Windows builds "
                    "its own paths, but it will hardly find a good one."
                ),
                remedy=ANOTHER,
            ),
            "issuer-expired": Cause(
                title="An issuer of the next certificate has expired",
                meaning=(
                    "Its certificate in the file is out of date. Often there is a newer one of the same name and key, "
                    "which the CA offers for download; the leaf need not change then."
                ),
                remedy=("Get the current intermediate from the CA, and put it into the file.", *IMPORT_INTERMEDIATE),
            ),
        },
    ),
    Entry(
        code="rehearsal-intermediate",
        title="Whether the servers hold the intermediate certificate",
        meaning=(
            "Exchange sends the intermediates that it finds in its machine's store, and Exchange Online fetches none. "
            "What is in that store cannot be seen from outside, so that it has to be looked up on every server."
        ),
        cause="CAs change their intermediates, many with every renewal.",
        remedy=IMPORT_INTERMEDIATE,
        exchange_online=refusal("UntrustedRoot"),
        references=(UNTRUSTED_ROOT_FIX,),
        causes={
            "new": Cause(
                title="The intermediate is another one than today's",
                meaning=(
                    "The file has it; whether the servers do is not known. Where it is missing, Exchange Online says "
                    "UntrustedRoot, though the certificate is good. A PFX file may bring it along, or not."
                ),
                remedy=IMPORT_INTERMEDIATE,
            ),
            "not-in-file": Cause(
                title="The file lacks the certificate of the issuer",
                meaning=(
                    "So it could not be seen whether the certificate leads to a trusted root. If the servers lack it "
                    "as well, Exchange Online says UntrustedRoot. Where today's certificate is of the same issuer, "
                    "servers that send it properly have it."
                ),
                remedy=("Put the intermediate behind the leaf in the file, and rehearse again.", *IMPORT_INTERMEDIATE),
            ),
        },
    ),
)
