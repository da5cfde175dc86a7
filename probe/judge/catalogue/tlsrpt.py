"""Findings about TLSRPT: where reports go."""

from probe.judge.catalogue.entry import Cause, Entry

_PUBLISH = (
    "Publish exactly one TXT record, with an address that takes mail, or the URL of a service:",
    '    _smtp._tls.<DOMAIN>. 3600 IN TXT "v=TLSRPTv1; rua=mailto:<ADDRESS>"',
    "See that it is alone and whole:",
    "    Resolve-DnsName '_smtp._tls.<DOMAIN>' -Type TXT -Server '<PUBLIC-RESOLVER>'",
)
_VOID = "Senders take it that no reports are wanted. Mail itself is not touched."

TLSRPT = (
    Entry(
        code="tlsrpt-valid",
        title="The domain asks for reports on TLS (TLSRPT)",
        meaning=(
            "Senders that honour it report once a day to the URIs of the record. Whether anybody reads them there, and "
            "whether that mailbox takes reports when TLS is broken, was not looked at."
        ),
        cause="The record was published.",
        references=("RFC 8460 §3",),
    ),
    Entry(
        code="tlsrpt-absent",
        title="The domain asks for no reports on TLS (TLSRPT)",
        meaning="If DANE or MTA-STS keeps mail out, nobody tells the domain.",
        cause="It was never set up, or is not wanted.",
        remedy=_PUBLISH,
        references=("RFC 8460 §3",),
    ),
    Entry(
        code="tlsrpt-record-invalid",
        title="The TLSRPT record is not valid",
        meaning=_VOID,
        cause="A record copied with a mistake, a second one left over, or an address without mailto: in front.",
        remedy=_PUBLISH,
        references=("RFC 8460 §3", "RFC 3986 §3", "RFC 6068 §2"),
        causes={
            "several": Cause(
                title="There is more than one TLSRPT record",
                meaning=f"Exactly one record may begin with v=TLSRPTv1; at this name. {_VOID}",
                remedy=("Put all URIs into one record, with commas between them, and delete the others.", *_PUBLISH),
            ),
            "version": Cause(
                title="The TLSRPT record does not begin with v=TLSRPTv1;",
                meaning=f"A record that does not begin so is passed over; case and blanks count. {_VOID}",
                remedy=("Write v=TLSRPTv1; first, in just these letters.", *_PUBLISH),
            ),
            "rua": Cause(
                title="The TLSRPT record says nowhere, or not rightly, where to report",
                meaning=(
                    "Its rua takes mailto: and https: URIs with commas between them; within a URI a comma, a semicolon "
                    f"and an exclamation mark are written %2C, %3B and %21. {_VOID}"
                ),
                remedy=_PUBLISH,
            ),
            "syntax": Cause(
                title="The TLSRPT record does not hold to the grammar",
                meaning=f"It takes fields of the form name=value with a semicolon between two of them. {_VOID}",
                remedy=("Leave out everything but version and rua.", *_PUBLISH),
            ),
        },
    ),
    Entry(
        code="tlsrpt-lookup-failed",
        title="The TLSRPT record could not be looked up",
        meaning="Whether the domain asks for reports is not known. Mail is not touched; at most a report is lost.",
        cause="Name servers that do not answer or refuse names with an underscore, or broken DNSSEC signatures.",
        remedy=(
            "Ask with and without DNSSEC checking. If only the second answers, the zone's signatures are broken:",
            "    dig _smtp._tls.<DOMAIN> TXT",
            "    dig +cd _smtp._tls.<DOMAIN> TXT",
        ),
        references=("RFC 8460 §3", "RFC 4035 §5"),
    ),
    Entry(
        code="tlsrpt-required",
        title="TLSRPT is required and not in place",
        meaning="It was asked for with --tlsrpt require. Nobody reports to this domain how TLS fares.",
        cause="It is not set up, or the record is broken; or nobody looked.",
        remedy=_PUBLISH,
        references=("RFC 8460 §3",),
        causes={
            "no-record": Cause(
                title="TLSRPT is required and there is no record",
                meaning="Senders look for the TXT record, and without it they send no reports.",
                remedy=_PUBLISH,
            ),
            "record-invalid": Cause(
                title="TLSRPT is required and its record is not valid",
                meaning=f"Another finding says what is wrong with it. {_VOID}",
                remedy=_PUBLISH,
            ),
            "not-asked": Cause(
                title="TLSRPT is required and was not looked for",
                meaning="Whether it is in place is not known: this evidence was taken with --tlsrpt off, or --connect.",
                remedy=("Probe the domain again:", "    probe <DOMAIN> --tlsrpt require"),
            ),
        },
    ),
)
