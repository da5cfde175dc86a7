"""Findings about DANE that the zone alone gives rise to: records that cannot be used, and answers that were not had."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import NDR_LIST

EXCHANGE_DANE = "Microsoft Learn: How SMTP DNS-based Authentication of Named Entities (DANE) secures email"
ZONE_LINE = "    _25._tcp.<HOST>. 3600 IN TLSA 3 1 1 <DIGEST>"
TTL_FIRST = ("Make the record from the new certificate, publish it, and wait for twice the TTL of the old ones:",)

_DNSSEC_INVALID = "4.7.324 / 5.7.324 dnssec-invalid: Destination domain returned invalid DNSSEC records"
_SIGN = (
    "Sign the zone at its DNS host, and give the key's DS record to the registrar. Then see that it validates:",
    "    delv <HOST> A",
)
_PUBLISH = (
    "Make the records from the certificate in use, and publish them in the signed zone:",
    "    probe tlsa <PEM-FILE> --host <HOST>",
    ZONE_LINE,
)
_TRUST = (
    "Run a validating resolver on this machine, and ask it:",
    "    probe <TARGET> --resolver 127.0.0.1",
    "Or, where the resolver and the way to it can be trusted, say so:",
    "    probe <TARGET> --resolver <RESOLVER> --trust-ad",
)
_RESIGN = (
    "Ask with and without DNSSEC checking. If only the second answers, the signatures are broken:",
    "    dig +dnssec <OWNER> <TYPE>",
    "    dig +cd <OWNER> <TYPE>",
    "Sign the zone again, and compare the DS record at the registrar with the zone's keys.",
    "If the zone cannot be mended soon, have the registrar take out the DS record: unsigned mail flows.",
)
_WAITS = "Resolvers that validate give no answer here, so the mail of every sender behind one waits, then bounces."

DANE_ZONE = (
    Entry(
        code="tlsa-unusable",
        title="TLSA records cannot be used",
        meaning=(
            "Senders drop them. Where no usable one is left, they demand TLS and take any certificate, so that the "
            "host is protected from eavesdroppers and not from impostors."
        ),
        cause="Usage 0 or 1, which are not for mail; a digest cut short by a web form; a type from the future.",
        remedy=_PUBLISH,
        references=("RFC 7672 §2.2", "RFC 7672 §3.1.3", "RFC 6698 §4.1", EXCHANGE_DANE),
        causes={
            "all": Cause(
                title="None of the TLSA records can be used",
                meaning=(
                    "Senders that honour DANE demand TLS of this host, and take any certificate. Without STARTTLS "
                    "they do not deliver at all."
                ),
                remedy=_PUBLISH,
            ),
            "some": Cause(
                title="Some of the TLSA records cannot be used",
                meaning="Senders drop them and go by the others. They protect nobody, and may have been meant to.",
                remedy=("Take them out, or correct them. To make them anew:", *_PUBLISH[1:]),
            ),
        },
    ),
    Entry(
        code="dnssec-invalid",
        title="The DNSSEC signatures of an answer do not hold",
        meaning=_WAITS,
        cause="Signatures that have expired, a DS record for a key that is gone, or an attack.",
        remedy=_RESIGN,
        exchange_online=(_DNSSEC_INVALID,),
        tlsrpt="dnssec-invalid",
        references=("RFC 7672 §2.1.2", "RFC 4035 §5.5", "RFC 8460 §4.3.2.1", NDR_LIST),
        causes={
            "mx": Cause(
                title="The DNSSEC signatures of the MX records do not hold",
                meaning=f"Where the mail is to go is not known. {_WAITS}",
                remedy=_RESIGN,
            ),
            "addresses": Cause(
                title="The DNSSEC signatures of a host's addresses do not hold",
                meaning=f"Nobody who validates can find the host. {_WAITS}",
                remedy=_RESIGN,
            ),
            "tlsa": Cause(
                title="The DNSSEC signatures of the TLSA records do not hold",
                meaning=(
                    "Senders that honour DANE take that for an attack and do not deliver to this host. A host whose "
                    "addresses are signed needs a good answer for TLSA even if that is that there are no records."
                ),
                remedy=_RESIGN,
            ),
        },
    ),
    Entry(
        code="dane-lookup-failed",
        title="The TLSA records could not be looked up",
        meaning=(
            "Whether the host has promised anything is not known. To senders that honour DANE a failed lookup is no "
            "sign of absence: they try the next host, or later."
        ),
        cause="Name servers that do not know the type TLSA, or drop names with an underscore; a resolver out of order.",
        remedy=(
            "Ask the zone's own name servers. They must say that there is nothing, rather than say nothing:",
            "    dig _25._tcp.<HOST> TLSA @<NAME-SERVER>",
            "Update or replace name servers, or firewalls before them, that fail on it.",
        ),
        tlsrpt="dnssec-invalid",
        references=("RFC 7672 §2.1.2", "RFC 7672 §2.2.3"),
    ),
    Entry(
        code="dane-not-validated",
        title="Nobody whom we may trust has validated the answers",
        meaning=(
            "DANE rests on DNSSEC. The resolver that was asked does not validate, or is too far away for its word to "
            "be taken, so that nothing is said of DANE."
        ),
        cause="The system's resolver is not on this machine, or does not validate.",
        remedy=_TRUST,
        references=("RFC 7672 §2.1.3", "RFC 6698 §4.1", "RFC 4035 §4.9.3"),
        causes={
            "none-seen": Cause(
                title="No TLSA record was seen, and nobody has validated that",
                meaning="There is probably no DANE. But an attacker who hides records would look the same.",
                remedy=_TRUST,
            ),
            "records-seen": Cause(
                title="There are TLSA records, and nobody has validated them",
                meaning=(
                    "Senders that validate go by them; what they would find is in the finding, as advice. It is no "
                    "more than that: whoever can change answers on the way to us can change these."
                ),
                remedy=_TRUST,
            ),
        },
    ),
    Entry(
        code="dane-absent",
        title="The host does not promise DANE",
        meaning=(
            "A validating resolver says so. Senders use TLS where they find it, and whoever stands in between can take "
            "it away, or show any certificate; unless MTA-STS says otherwise."
        ),
        cause="The zone is not signed, or nobody has published TLSA records.",
        remedy=("If senders are to insist on TLS:", *_SIGN, *_PUBLISH),
        references=("RFC 7672 §2.2.2", "RFC 7672 §2.2.3"),
    ),
    Entry(
        code="dane-mx-insecure",
        title="The hosts have DANE, but the domain's MX records are not signed",
        meaning=(
            "Whoever forges the MX answer leads mail to another host. Senders may go by the hosts' records all the "
            "same, and the common ones do; where DANE is mandatory they must not deliver."
        ),
        cause="The hosts are a provider's, whose zone is signed; the domain's own is not.",
        remedy=_SIGN,
        references=("RFC 7672 §2.2.1",),
    ),
    Entry(
        code="dane-required",
        title="DANE is required and not in force",
        meaning=(
            "It was asked for with --dane require. A sender for which DANE is mandatory does not deliver; a connector "
            "of Exchange Online with SmtpDaneMode Mandatory queues the mail and at last gives it up."
        ),
        cause="It is not set up, or a part of it is missing.",
        remedy=(*_SIGN, *_PUBLISH),
        tlsrpt="dane-required",
        references=("RFC 7672 §6", "RFC 8460 §4.3.2.1", EXCHANGE_DANE),
        causes={
            "no-records": Cause(
                title="DANE is required and the host has no TLSA records",
                meaning="Its zone is signed, so that records are all that is missing.",
                remedy=_PUBLISH,
            ),
            "insecure": Cause(
                title="DANE is required and the host's addresses are not signed",
                meaning="Without DNSSEC for its addresses no sender looks for TLSA records of a host.",
                remedy=(*_SIGN, *_PUBLISH),
            ),
            "unusable": Cause(
                title="DANE is required and no TLSA record can be used",
                meaning="Where DANE is mandatory, TLS without authentication is not enough.",
                remedy=_PUBLISH,
            ),
            "mx-insecure": Cause(
                title="DANE is required and the MX records are not signed",
                meaning="Where DANE is mandatory, mail waits until the MX records are signed, whatever the hosts have.",
                remedy=_SIGN,
            ),
            "not-validated": Cause(
                title="DANE is required and nobody has validated the answers",
                meaning="Whether it is in force cannot be told from here.",
                remedy=_TRUST,
            ),
            "not-asked": Cause(
                title="DANE is required and nobody asked for it",
                meaning="The evidence holds no questions for TLSA, so whether there are records is not known.",
                remedy=("Look again, without --dane off and without --connect:", "    probe <TARGET> --dane require"),
            ),
        },
    ),
)
