"""Findings about fetching and reading an MTA-STS policy. Their causes are those of `judge.sts`."""

from probe.judge.catalogue.entry import Cause, Entry

EXCHANGE_STS = "Microsoft Learn: Enhancing mail flow with MTA-STS"

POLICY_TEXT = (
    "    version: STSv1",
    "    mode: enforce",
    "    mx: <MX-HOST>",
    "    max_age: 604800",
)
FETCH_POLICY = (
    "See what senders get; it must be 200, text/plain, and come without a redirect:",
    "    curl -si https://mta-sts.<DOMAIN>/.well-known/mta-sts.txt",
)
_RULES = ("RFC 8461 §3.2", "RFC 8461 §3.3", "RFC 8460 §4.3.2.2")
_VOID = (
    "There is no policy for senders that remember none: they deliver as if the domain had no MTA-STS. "
    "Those that remember one go on by it until it ends."
)
_NEW_ID = (
    "Once it is served, give the record a new id:",
    '    _mta-sts.<DOMAIN>. 3600 IN TXT "v=STSv1; id=<ID>;"',
)


def _fetch(title: str, meaning: str, *remedy: str) -> Cause:
    return Cause(title=title, meaning=f"{meaning} {_VOID}", remedy=(*remedy, *FETCH_POLICY))


def _text(title: str, meaning: str, *remedy: str) -> Cause:
    return Cause(title=title, meaning=f"{meaning} {_VOID}", remedy=(*remedy, *_NEW_ID))


def _certificate(title: str, meaning: str, *remedy: str) -> Cause:
    return Cause(title=title, meaning=f"{meaning} {_VOID}", remedy=(*remedy, *_SHOW))


_SHOW = (
    "See what the policy host presents:",
    "    openssl s_client -connect mta-sts.<DOMAIN>:443 -servername mta-sts.<DOMAIN> -showcerts",
)
_RENEW = "Renew the certificate of the policy host, for the name mta-sts.<DOMAIN>."

STS_POLICY = (
    Entry(
        code="sts-policy-valid",
        title="The MTA-STS policy was fetched and is valid",
        meaning=(
            "Record, policy host and text are in order. In mode enforce senders deliver only to hosts that it names "
            "and whose certificates hold; in testing they report what fails; none takes MTA-STS back. Whether the "
            "hosts keep it is told for each of them."
        ),
        cause="It was set up with care.",
        references=("RFC 8461 §3.2", EXCHANGE_STS),
    ),
    Entry(
        code="sts-policy-fetch-error",
        title="The MTA-STS policy cannot be fetched",
        meaning=_VOID,
        cause="The policy host is gone or does not know the name, or its web server answers with something else.",
        remedy=FETCH_POLICY,
        tlsrpt="sts-policy-fetch-error",
        references=(*_RULES, "RFC 9325 §3.1.1"),
        causes={
            "name": _fetch(
                "The policy host has no address",
                "The record says that there is a policy, and the name mta-sts.<DOMAIN> is not in DNS.",
                "Publish an address, or an alias of whoever serves the policy:",
                "    mta-sts.<DOMAIN>. 3600 IN CNAME <POLICY-HOST>.",
            ),
            "lookup": _fetch(
                "The policy host's name could not be looked up",
                "Its name servers do not answer, or DNSSEC signatures do not hold.",
                "Ask with and without DNSSEC checking:",
                "    dig mta-sts.<DOMAIN> A",
                "    dig +cd mta-sts.<DOMAIN> A",
            ),
            "connection": _fetch(
                "The policy host cannot be connected to",
                "Nobody answers at port 443, or the connection is broken off before TLS.",
                "Start the web server, and let the Internet reach port 443 of its addresses, IPv6 included.",
            ),
            "timeout": _fetch(
                "The policy did not come in time",
                "Senders wait for about a minute; or we had no time to ask, then probe again with more.",
                "Look at the web server's load, and at firewalls that drop instead of refusing.",
            ),
            "tls": _fetch(
                "The policy host speaks no TLS that will do",
                "The handshake failed, or it ended below TLS 1.2, which senders of today no longer speak.",
                "Switch TLS 1.2 and 1.3 on, and see that the server knows the name mta-sts.<DOMAIN> (SNI).",
            ),
            "redirect": _fetch(
                "The policy host redirects",
                "Senders must not follow a redirect, not even to the same host.",
                "Serve the text at this very address; leave it out of rules that redirect to www or to another path.",
            ),
            "status": _fetch(
                "The policy host answers with another status than 200",
                "Only 200 makes a policy.",
                "Put the text at /.well-known/mta-sts.txt, readable to everybody, without a login.",
            ),
            "media-type": _fetch(
                "The policy is not served as text/plain",
                "The type keeps pages that strangers may upload from passing for a policy. Some senders do not look.",
                "Serve it with this header:",
                "    Content-Type: text/plain",
            ),
            "encoding": _fetch(
                "The policy is served compressed",
                "Senders that ask for the plain text get something else.",
                "Switch compression off for this path, or honour Accept-Encoding.",
            ),
            "too-large": _fetch(
                "The policy is larger than 64 KiB",
                "Senders do not read on beyond that.",
                "Use wildcards in place of single hosts, and serve the text alone, not a page around it.",
            ),
            "response": _fetch(
                "The policy host's answer is not whole",
                "It is no HTTP, or it ended before its end.",
                "Read the web server's log of the attempt, and that of the proxy in front of it.",
            ),
        },
    ),
    Entry(
        code="sts-policy-invalid",
        title="The MTA-STS policy does not hold to the grammar",
        meaning=_VOID,
        cause="A typing error, an empty line, a pattern that is no name, or a web page in place of the text.",
        remedy=("Serve a text like this:", *POLICY_TEXT, *_NEW_ID),
        tlsrpt="sts-policy-invalid",
        references=_RULES,
        causes={
            "syntax": _text(
                "A line of the policy is not name: value",
                "Each line has a name, a colon and a value; none is empty and none begins with a blank.",
                "Correct the line that the finding gives. The whole looks like this:",
                *POLICY_TEXT,
            ),
            "version": _text(
                "The policy's version is missing or wrong",
                "There is only one version.",
                "Add this line, in just these letters:",
                "    version: STSv1",
            ),
            "mode": _text(
                "The policy's mode is missing or wrong",
                "It is enforce, testing or none, in small letters.",
                "Add a mode:",
                "    mode: enforce",
            ),
            "max-age": _text(
                "The policy's max_age is missing or wrong",
                "It is a number of seconds, at most 31557600, a year.",
                "Add a week or more:",
                "    max_age: 604800",
            ),
            "mx": _text(
                "The policy names no hosts, or not as it should",
                "Each host stands in a line of its own: a full name, or *. and a domain, without a dot at the end.",
                "Name each MX host, as the MX records do:",
                "    mx: <MX-HOST>",
            ),
        },
    ),
    Entry(
        code="sts-webpki-invalid",
        title="The policy host's certificate is not good",
        meaning=_VOID,
        cause="It was not renewed, or is for the web site and not for the mta-sts name.",
        remedy=(_RENEW, *_SHOW),
        tlsrpt="sts-webpki-invalid",
        references=("RFC 8461 §3.3", "RFC 8460 §4.3.2.2", "RFC 9525 §6"),
        causes={
            "not-trusted": _certificate(
                "The policy host's certificate is not trusted",
                "Its chain as sent does not lead to a trusted root: self-signed, a private CA, or an intermediate is "
                "missing.",
                "Use a certificate of a public CA, and have the web server send the intermediates with it.",
            ),
            "host-mismatch": _certificate(
                "The policy host's certificate is for another name",
                "It must bear mta-sts.<DOMAIN> or *.<DOMAIN> as a DNS name; the common name does not count.",
                "Have a certificate issued for mta-sts.<DOMAIN>, and the server choose it for that name.",
            ),
            "expired": _certificate("The policy host's certificate has expired", "Its last day is over.", _RENEW),
            "not-yet-valid": _certificate(
                "The policy host's certificate is not valid yet",
                "Its first day lies ahead.",
                "Compare the clocks, and use the former certificate until then.",
            ),
            "wrong-usage": _certificate(
                "The policy host's certificate is not meant for servers",
                "Its usage leaves servers out.",
                "Have one issued with the usage serverAuth.",
            ),
            "unreadable": _certificate(
                "The policy host's certificate cannot be read",
                "What was sent is not a certificate by the standard.",
                "Have one issued by a public CA.",
            ),
        },
    ),
)
