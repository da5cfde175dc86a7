"""The finding `not-observed`: how far we came, and what stopped us. Its causes are "STAGE/KIND"."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.unobserved_tls import TLS
from probe.judge.catalogue.words import (
    CLOSED_ABRUPTLY,
    DNS_FAILED,
    MAIL_FLOW,
    NDR_LIST,
    OPEN_FIREWALL,
    RECEIVE_LOG,
    SERVICES,
    STOP_INSPECTION,
    THE_REPLY,
)

_VANTAGE = "Try from another network too: many providers block outgoing port 25, and then it is our side."

_BEFORE_TLS = {
    "RESOLVE/TIMEOUT": Cause(
        title="No resolver answered in time",
        meaning=(
            "The hosts of the target are not known, so nothing was looked at. It says nothing about the mail server."
        ),
        remedy=(
            "Try a resolver that is known to work:",
            "    probe '<TARGET>' --resolver '<RESOLVER>'",
            "If others cannot resolve the name either, check the domain's own name servers and their firewall.",
        ),
        exchange_online=(DNS_FAILED,),
    ),
    "RESOLVE/REJECTED": Cause(
        title="The resolver answered, but with a failure",
        meaning=(
            "SERVFAIL, REFUSED or rubbish: we do not know what is there. A broken DNSSEC signature looks like this, "
            "and then senders that validate, Exchange Online among them, cannot deliver either."
        ),
        remedy=(
            "Ask with and without DNSSEC checking. If only the second answers, the zone's signatures are broken:",
            "    dig <HOST> MX",
            "    dig +cd <HOST> MX",
            "For broken signatures: sign the zone again, and compare the DS record at the registrar with its keys.",
        ),
        exchange_online=(
            DNS_FAILED,
            "4.7.324 / 5.7.324 dnssec-invalid: Destination domain returned invalid DNSSEC records",
        ),
    ),
    "RESOLVE/UNREACHABLE": Cause(
        title="There was no way to an address",
        meaning=(
            "Either no resolver could be reached, or only one of IPv4 and IPv6 was asked for and the host has no "
            "address of it; the finding says which. It says nothing about the mail server."
        ),
        remedy=(
            "Name a resolver that can be reached from here, or leave -4 and -6 out:",
            "    probe '<TARGET>' --resolver '<RESOLVER>'",
        ),
        exchange_online=(),
    ),
    "RESOLVE/PROTOCOL": Cause(
        title="The name's aliases lead in a circle, or too far",
        meaning="Following CNAME records from this name never ends at a record. Resolvers give up, and so do senders.",
        remedy=(
            "Follow the aliases, and let the last of them lead to a name with records of its own:",
            "    dig <HOST> CNAME",
        ),
        exchange_online=(DNS_FAILED,),
    ),
    "CONNECT/TIMEOUT": Cause(
        title="The connection was never answered",
        meaning=(
            "Packets to this address and port vanish. Senders wait and try again for a day or more, then bounce. It "
            "may be our own network."
        ),
        remedy=(
            "Check that the address is still the server's, that the server is up, and that NAT leads to it.",
            *OPEN_FIREWALL,
            _VANTAGE,
        ),
        exchange_online=(
            "450 4.4.315 Connection timed out [Message=Socket error code 10060]",
            "450 4.4.317 Cannot establish session with remote server [Message=Failed to connect. Winsock …]",
        ),
    ),
    "CONNECT/REFUSED": Cause(
        title="The connection was refused",
        meaning="The address answers, but nobody listens on this port, or a firewall says so in the server's name.",
        remedy=(*SERVICES, *OPEN_FIREWALL, _VANTAGE),
        exchange_online=("450 4.4.316 Connection refused [Message=Socket error code 10061]",),
    ),
    "CONNECT/UNREACHABLE": Cause(
        title="There is no way to this address",
        meaning=(
            "A router, or this machine, says that the network or the host cannot be reached. For an IPv6 address it "
            "often means only that this machine has no IPv6. What Exchange Online calls it is not known."
        ),
        remedy=(
            "If this machine has no IPv6, look at the IPv4 addresses only:",
            "    probe '<TARGET>' -4",
            "If others cannot reach it either, correct the route, or take the address record out of DNS.",
        ),
        exchange_online=(),
    ),
    "CONNECT/CLOSED": Cause(
        title="The connection was reset as soon as it was made",
        meaning=(
            "Something accepted the connection and dropped it before a byte was said: a filter, or an overloaded "
            "server."
        ),
        remedy=(
            "Look for connection filters, reputation lists and intrusion prevention in front of the server.",
            *SERVICES,
        ),
        exchange_online=(CLOSED_ABRUPTLY,),
    ),
    "DIALOGUE/TIMEOUT": Cause(
        title="The server stopped answering before TLS",
        meaning=(
            "The connection stood, but the greeting or a reply did not come in time. A slow greeting can be meant, "
            "against spam; patient senders (five minutes by the standard) get through."
        ),
        remedy=("Give it more time and see whether it answers:", "    probe '<TARGET>' --timeout 300", *SERVICES),
        exchange_online=(CLOSED_ABRUPTLY, "450 4.4.317 Cannot establish session with remote server"),
    ),
    "DIALOGUE/CLOSED": Cause(
        title="The server closed the connection before TLS",
        meaning=(
            "Greeting, EHLO or STARTTLS ended in a closed or reset connection. Often a device in between inspects SMTP."
        ),
        remedy=(
            *STOP_INSPECTION,
            "Exempt mail servers from intrusion prevention and connection filters.",
            *RECEIVE_LOG,
        ),
        exchange_online=(CLOSED_ABRUPTLY,),
    ),
    "DIALOGUE/REJECTED": Cause(
        title="The server refused to talk to us",
        meaning=(
            "It answered the greeting or EHLO with an error; the finding holds its reply. A 4xx reply means not now, a "
            "5xx reply means no. Both are often about our address, and then others are welcome."
        ),
        remedy=(
            "Read the reply: it usually names the list or the rule that applies.",
            "If it speaks of our address or name, try from another address, or with a proper name:",
            "    probe '<TARGET>' --ehlo '<THIS-HOST>'",
            *RECEIVE_LOG,
        ),
        exchange_online=(THE_REPLY,),
    ),
    "DIALOGUE/PROTOCOL": Cause(
        title="What answered does not speak SMTP",
        meaning=(
            "The bytes before TLS are not SMTP replies, or more than any reply may hold. Senders cannot deliver here."
        ),
        remedy=(
            "Check the port, and that NAT or the load balancer leads to the mail server.",
            "If the port expects TLS at once (465), say so:",
            "    probe 'smtps://<HOST>'",
            *STOP_INSPECTION,
        ),
        exchange_online=(CLOSED_ABRUPTLY, THE_REPLY),
    ),
}

UNOBSERVED = Entry(
    code="not-observed",
    title="We could not look",
    meaning=(
        "The observation ended before it was complete; what lies behind that point is not known, and not known is not "
        "well. Where not even the connection came about, it may be our own vantage: port 25 is often blocked."
    ),
    cause="A firewall, a server that is down or overloaded, a device that inspects SMTP, or our own network.",
    remedy=(
        "Probe again, and from another network; then look at the server's log for the time of the attempt.",
        *OPEN_FIREWALL,
    ),
    exchange_online=("450 4.4.315 Connection timed out", "450 4.4.316 Connection refused", CLOSED_ABRUPTLY),
    references=("RFC 5321 §4.5.3.2", "RFC 3207 §4", MAIL_FLOW, NDR_LIST),
    causes={**_BEFORE_TLS, **TLS},
)
