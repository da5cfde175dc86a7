"""Findings about DANE: what the TLSA records of a host promise, and whether the host keeps it."""

from probe.judge.catalogue.dane_zone import DANE_ZONE, EXCHANGE_DANE, TTL_FIRST, ZONE_LINE
from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import NDR_LIST, RESTART

_TLSA_INVALID = "4.7.323 / 5.7.323 tlsa-invalid: The domain failed DANE validation."

_PUBLISH_NOW = (
    "If the certificate is the right one, publish the line that the finding gives, beside the old ones:",
    ZONE_LINE,
    "If it is not, put the old certificate and key back until the new record is known everywhere.",
)
_ROLL = (
    *TTL_FIRST,
    "    probe tlsa <NEXT-PEM-FILE> --host <HOST>",
    "Use the new certificate only then, and take the old record out last.",
)
_SEND_IT = (
    "Put the certificate of the anchor into the server's file, behind those that lead to it, be it a root:",
    "    cat leaf.pem intermediate.pem root.pem > chain.pem",
    "On Exchange, put a missing intermediate into LocalMachine\\CA on every server; a root it does not send:",
    "    Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",
    *RESTART,
    "Or publish the leaf's own key (3 1 1), which needs no chain:",
    ZONE_LINE,
)
_STOPS = "Senders that honour DANE do not deliver to this address; their mail waits, then bounces."

DANE = (
    Entry(
        code="dane-matched",
        title="The server is what its TLSA records promise",
        meaning=(
            "Senders that honour DANE know this server for the right one. By usage 3 they look at nothing else: no "
            "authority, no name, no date. By usage 2 the name and the dates hold, too."
        ),
        cause="The record was made from the certificate or key in use, or from one of its issuers.",
        references=("RFC 7672 §3.1", "RFC 7671 §5.1", "RFC 7671 §5.2"),
    ),
    Entry(
        code="tlsa-invalid",
        title="No TLSA record matches what the server presents",
        meaning=f"{_STOPS} Others deliver as always, so that the fault is easily missed.",
        cause="The certificate was renewed with a new key, and the record stayed as it was.",
        remedy=(*_PUBLISH_NOW, "Next time publish before the change:", *_ROLL),
        exchange_online=(_TLSA_INVALID,),
        tlsrpt="tlsa-invalid",
        references=("RFC 7672 §2.2", "RFC 7671 §8.1", "RFC 8460 §4.3.2.1", EXCHANGE_DANE, NDR_LIST),
        causes={
            "no-match": Cause(
                title="No TLSA record matches the certificate",
                meaning=(
                    f"{_STOPS} The records are for another key, or for another certificate, than the one in use at "
                    "this address: after a renewal, or where one server of several was forgotten."
                ),
                remedy=(*_PUBLISH_NOW, "Next time publish before the change:", *_ROLL),
            ),
            "anchor-not-sent": Cause(
                title="The server does not send the anchor that its TLSA record names",
                meaning=(
                    f"{_STOPS} A record of usage 2 is a digest of an issuer, and that issuer's certificate has to be "
                    "in the chain that the server sends, even if it is a root. Unless the records mean an issuer of "
                    "former days: a digest does not say whose it is."
                ),
                remedy=(*_SEND_IT, "If the issuer has changed, publish the new one's record instead."),
            ),
            "anchor-not-issuer": Cause(
                title="The anchor that a TLSA record names did not issue the certificate",
                meaning=(
                    f"{_STOPS} The certificate that the record is about is at hand, but no valid path leads to it from "
                    "the leaf: another authority issued it, or a limit of the authority was passed. The finding has "
                    "the words of the check."
                ),
                remedy=(
                    "Compare the issuers, from the leaf upwards:",
                    "    probe <TARGET> -v --chain presented.pem",
                    "Send the right intermediate, or publish a record for the issuer that signed:",
                    "    probe tlsa presented.pem --host <HOST>",
                ),
            ),
            "anchor-is-leaf": Cause(
                title="A TLSA record of usage 2 names the server's own certificate",
                meaning=(
                    "Usage 2 is for an issuer, and senders begin to look for it above the leaf. Some take this record "
                    "all the same; Postfix, and whoever else uses OpenSSL, does not deliver."
                ),
                remedy=("Publish the same under usage 3; the finding has the line:", ZONE_LINE),
            ),
            "pkix-invalid": Cause(
                title="A TLSA record matches, but the public authorities do not agree",
                meaning=(
                    "By usage 0 and 1 the certificate has to be good by the ordinary rules first: path, name, dates. "
                    "Clients that honour the record do not connect."
                ),
                remedy=(
                    "Mend what the other findings say of the certificate; or publish it under usage 3:",
                    ZONE_LINE,
                ),
            ),
        },
    ),
    Entry(
        code="dane-rollover",
        title="What a change of the key would do to mail under DANE",
        meaning=(
            "Senders keep the records for their TTL. A new key has to be covered by a record before it is used, or "
            "their mail stops on that day."
        ),
        cause="Certificates are renewed by one hand, and records are published by another.",
        remedy=_ROLL,
        references=("RFC 7671 §8.1", "RFC 7671 §8.4", "RFC 7671 §9"),
        causes={
            "next-covered": Cause(
                title="The next certificate is covered by a TLSA record",
                meaning="It can be put to use once the record has been public for twice its TTL.",
                remedy=("Keep the old record until the new certificate is in use everywhere, then take it out.",),
            ),
            "next-not-covered": Cause(
                title="The next certificate is covered by no TLSA record",
                meaning=(
                    "If it were put to use now, senders that honour DANE would stop delivering. The finding has the "
                    "record to publish, by the digest that counts beside the others."
                ),
                remedy=(
                    "Publish the line that the finding gives, and leave the others in place:",
                    ZONE_LINE,
                    "Wait for twice the TTL, then use the certificate. Probe again before that:",
                    "    probe <TARGET> --next-certificate <NEXT-PEM-FILE>",
                ),
            ),
            "complete-next": Cause(
                title="A record for a further key is published",
                meaning=(
                    "One record matches today's key, another nothing yet: the scheme 3 1 1 + 3 1 1. If it is a "
                    "leftover of the last change, it is of no use for the next."
                ),
                remedy=(
                    "See whether it is for the key that you hold for the next change:",
                    "    probe <TARGET> --next-certificate <NEXT-PEM-FILE>",
                ),
            ),
            "complete-issuer": Cause(
                title="The issuer is published, too",
                meaning=(
                    "A new certificate of the same issuer is covered, as long as it bears the name and the server "
                    "sends the issuer's certificate: the scheme 3 1 1 + 2 1 1. Authorities change their intermediates "
                    "without notice."
                ),
                remedy=(
                    "Before each change see whether the new certificate, with its chain, is covered:",
                    "    probe <TARGET> --next-certificate <NEXT-PEM-FILE>",
                ),
            ),
            "incomplete": Cause(
                title="The records cover today's key alone, or not even that",
                meaning="Mail of senders that honour DANE stops on the day that the key changes, if that is all.",
                remedy=("Make the next key now, or renew with the same key. For a new key:", *_ROLL),
            ),
        },
    ),
    *DANE_ZONE,
)
