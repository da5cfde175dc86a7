"""Findings of a rehearsal on the next certificate itself."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.rehearsal_trust import ANOTHER, NEVER_YET, NEXT_TRUST, REHEARSE_AGAIN
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    RAISE_RANGE_UPPER,
    refusal,
)

_KB_256 = "Microsoft KB 4052493 (TlsCertificateName longer than 256 characters)"
_BASELINE = "CA/Browser Forum Baseline Requirements"

NEXT_CERTIFICATE = (
    Entry(
        code="rehearsal-file",
        title="The file holds something else than one leaf and its issuers",
        meaning=(
            "The first certificate in the file is taken for the next one, those behind it for its issuers. What is "
            "neither makes it doubtful whether the right file was rehearsed."
        ),
        cause="A bundle of the CA, or files joined in the wrong order.",
        remedy=("Put the leaf first, then each intermediate, without the root. Name no other leaf.", REHEARSE_AGAIN),
        references=("RFC 8446 §4.4.2", HYBRID_CERTIFICATES),
        causes={
            "several-leaves": Cause(
                title="The file holds more than one leaf",
                meaning=(
                    "Only the first was rehearsed. What is said here holds for that one alone, and the others may be "
                    "for other names, or of another year."
                ),
                remedy=("Give each certificate a file of its own, with its intermediates.", REHEARSE_AGAIN),
            ),
            "authority": Cause(
                title="The first certificate in the file is an authority's",
                meaning=(
                    "It issues certificates; servers do not show it. The file begins with an intermediate, or holds "
                    "nothing else, so that the next certificate itself was not seen."
                ),
                remedy=("Put the leaf first, then each intermediate, without the root.", REHEARSE_AGAIN),
            ),
        },
    ),
    Entry(
        code="rehearsal-dates",
        title="When the next certificate is valid",
        meaning=(
            "Exchange takes a certificate only while it is valid. Of several with one name, Microsoft's current "
            "documentation says, it uses the one that ends last; the code of 2013 took the first valid one."
        ),
        cause="Certificates begin when the CA issues them, or shortly before, and end at most 200 days later.",
        remedy=("Renew when a third of the lifetime is left.", REHEARSE_AGAIN),
        references=("RFC 5280 §4.1.2.5", _BASELINE),
        causes={
            "expired": Cause(
                title="The next certificate has expired",
                meaning=(
                    f"It must not be installed: Exchange Online would refuse it, in these words. {NEVER_YET} Perhaps "
                    "it is the old file under the new name."
                ),
                remedy=ANOTHER,
                exchange_online=refusal("CertificateExpired"),
            ),
            "not-yet-valid": Cause(
                title="The next certificate is not valid yet",
                meaning=(
                    "It may be installed now, but no connector should name it before its first day. A connector that "
                    "names no valid certificate offers no STARTTLS."
                ),
                remedy=("Wait for the day, then follow the plan.", REHEARSE_AGAIN),
            ),
            "ends-first": Cause(
                title="The next certificate ends before the one in use",
                meaning=(
                    "It would shorten the time until the next renewal. With the same issuer and subject Exchange may "
                    "well never use it, as it prefers the one that ends last. Perhaps the files were mixed up."
                ),
                remedy=("See that it is the right file, and which one is in use.", REHEARSE_AGAIN),
            ),
        },
    ),
    Entry(
        code="rehearsal-overlap",
        title="How long the old and the new certificate are both valid",
        meaning=(
            "In that time the change can be made without hurry, and undone. Dates in an export without RawData are the "
            "server's local time, up to 14 hours off; that is allowed for."
        ),
        cause="The day on which the new certificate was ordered.",
        remedy=("Order the next certificate while the one in use has weeks left.",),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "gap": Cause(
                title="The old certificate ends before the new one begins",
                meaning=(
                    "In between no certificate is valid: Exchange Online refuses the old one with these words, and "
                    "senders that honour MTA-STS do so too."
                ),
                remedy=("Ask the CA for a certificate that begins earlier.", REHEARSE_AGAIN),
                exchange_online=refusal("CertificateExpired"),
            ),
            "too-late": Cause(
                title="The certificate in use has expired",
                meaning=(
                    "Mail is probably failing already. The renewal cannot make that worse, and there is no good way "
                    "back from it: the old certificate is of no use any more."
                ),
                remedy=("Install the new certificate at once, by the plan.",),
                exchange_online=refusal("CertificateExpired"),
            ),
        },
    ),
    *NEXT_TRUST,
    Entry(
        code="rehearsal-usage",
        title="What the next certificate may be used for",
        meaning=(
            "Servers need the extended key usage serverAuth, or none at all. Exchange's code of 2013 asks for it of "
            "client certificates as well, and not for clientAuth."
        ),
        cause="An order for another kind of certificate.",
        remedy=("Order a certificate for TLS servers.", REHEARSE_AGAIN),
        references=("RFC 5280 §4.2.1.12", HYBRID_CERTIFICATES),
        causes={
            "no-server-auth": Cause(
                title="The next certificate is not for servers",
                meaning=f"It, or one of its issuers, lacks serverAuth: Exchange Online refuses it. {NEVER_YET}",
                remedy=("Order a certificate for TLS servers.", REHEARSE_AGAIN),
                exchange_online=refusal("WrongUsage"),
            ),
            "key-usage": Cause(
                title="The key of the next certificate may neither sign nor encipher",
                meaning="No TLS connection comes about with it: its key usage allows nothing that TLS needs.",
                remedy=("Order a certificate for TLS servers.", REHEARSE_AGAIN),
                exchange_online=(),
            ),
            "no-client-auth": Cause(
                title="The next certificate lacks clientAuth",
                meaning=(
                    "Public CAs leave it out more and more. Between Exchange and Exchange Online nothing should break: "
                    "the code of 2013 asks for serverAuth in both directions; no statement of Microsoft's on today's "
                    "service is known. Gateways and servers of others may ask for it when you send to them."
                ),
                remedy=("If a partner's server demands client certificates, ask whether serverAuth will do there.",),
            ),
        },
    ),
    Entry(
        code="rehearsal-key",
        title="What kind of key the next certificate has",
        meaning="RSA of 2048 bits or more works with every version of Exchange.",
        cause="The default of the tool that made the request; several make ECDSA keys.",
        remedy=("Make the request with an RSA key of 2048 bits or more.", REHEARSE_AGAIN),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "ecdsa": Cause(
                title="The next certificate has an ECDSA key",
                meaning=(
                    "Exchange passes such certificates over, unless it is Exchange 2019 CU14 with the update of April "
                    "2024, or later, and its support for them was switched on: so forums say. Otherwise the "
                    "self-signed one is shown, or no STARTTLS is offered."
                ),
                remedy=("Make the request with an RSA key, unless you know that your servers take ECDSA.",),
            ),
            "weak": Cause(
                title="The RSA key of the next certificate is too short",
                meaning="Public CAs issue none below 2048 bits, and Exchange itself refuses less than 1024.",
                remedy=("Make the request with an RSA key of 2048 bits or more.", REHEARSE_AGAIN),
            ),
            "other": Cause(
                title="The next certificate has a key that Exchange is not known to use",
                meaning="RSA is what every version takes; ECDSA some. Of other kinds nothing good is known.",
                remedy=("Make the request with an RSA key of 2048 bits or more.", REHEARSE_AGAIN),
            ),
        },
    ),
    Entry(
        code="rehearsal-signature",
        title="The next certificate, or an issuer, is signed with a broken digest",
        meaning="Windows refuses SHA-1 and older below a root, and so do Exchange Online and every modern sender.",
        cause="An old private CA.",
        remedy=ANOTHER,
        exchange_online=refusal("UntrustedRoot"),
        references=("RFC 9155",),
    ),
    Entry(
        code="rehearsal-unnameable",
        title="No connector can name the next certificate",
        meaning=(
            "TlsCertificateName needs a subject with a common name that is a host or a wildcard, and is refused "
            "without one: so in Exchange's code of 2013, unverified since. Some CAs leave the subject empty today."
        ),
        cause="A profile of the CA that puts names into the SAN alone.",
        remedy=("Order a certificate with a common name, or choose the CA's profile that has one.", REHEARSE_AGAIN),
        references=("RFC 5280 §4.1.2.6", HYBRID_CERTIFICATES),
    ),
    Entry(
        code="rehearsal-length",
        title="How long the name is by which connectors name the certificate",
        meaning="Edge servers keep at most 256 characters of it; the mailbox servers have no such limit.",
        cause="Long names of the organisation or of the CA.",
        remedy=RAISE_RANGE_UPPER,
        references=(_KB_256,),
        causes={
            "edge": Cause(
                title="The name is too long for Edge servers, or nearly so",
                meaning=(
                    "Beyond 256 characters the synchronisation of connectors to Edge servers ends as Incomplete, and "
                    "Edge goes on with the old name."
                ),
                remedy=RAISE_RANGE_UPPER,
            ),
        },
    ),
    Entry(
        code="rehearsal-lifetime",
        title="When the renewal after this one is due",
        meaning=(
            "Public certificates live for 200 days since 15 March 2026, for 100 from 15 March 2027 and for 47 from 15 "
            "March 2029. Whatever is done by hand today has to be automatic then."
        ),
        cause="The rules of the CA/Browser Forum.",
        references=(_BASELINE,),
    ),
)
