"""Findings about the way to the mail hosts: DNS and what it led to."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import DNS_FAILED, MAIL_FLOW

ROUTE = (
    Entry(
        code="no-mail",
        title="The domain says that it takes no mail",
        meaning=(
            "Its only MX record is the null MX (MX 0 .). Senders give up at once, with 556 5.1.10 by the standard, and "
            "nothing was connected to. That is right for a domain without mail, and an outage for one with mail."
        ),
        cause="Meant so; or a parked domain's records were left in place when mail moved in.",
        remedy=(
            "If the domain is to receive mail, replace the null MX by the names of its mail hosts.",
            "Wait for the old record's TTL to pass, then probe again:",
            "    probe <DOMAIN>",
        ),
        references=("RFC 7505", "RFC 5321 §5.1"),
    ),
    Entry(
        code="name-not-found",
        title="DNS has no address for this name",
        meaning="Senders cannot find the host. Mail waits or bounces, unless another host of the domain takes it.",
        cause="A mistyped or deleted record, an expired domain, or a name that only the internal DNS knows.",
        remedy=(
            "Ask a public resolver for the name that the finding gives:",
            "    Resolve-DnsName '<HOST>' -Type A -Server '<PUBLIC-RESOLVER>'",
            "Publish the missing record in the public zone, or correct the MX record or the connector's smart host.",
        ),
        exchange_online=(DNS_FAILED,),
        references=("RFC 5321 §5.1", "RFC 2308 §2", MAIL_FLOW),
        causes={
            "no-such-name": Cause(
                title="The name does not exist in DNS",
                meaning=(
                    "The resolver said NXDOMAIN: there is no such name, of any type. Mail to a domain without a name "
                    "bounces; a mail host without a name is passed over for the next one."
                ),
                remedy=(
                    "Look for a typing error in the target, in the MX record or in the connector's smart host.",
                    "Check at the registrar that the domain has not expired and that its name servers are right.",
                    "Check that the name is in the public zone and not only in the internal one:",
                    "    Resolve-DnsName '<HOST>' -Type A -Server '<PUBLIC-RESOLVER>'",
                ),
                exchange_online=(
                    "550 5.4.310 DNS domain … does not exist [Message=InfoDomainNonexistent]",
                    DNS_FAILED,
                ),
            ),
            "no-addresses": Cause(
                title="The name exists but has no address",
                meaning="There is neither an A nor an AAAA record, so there is nothing to connect to.",
                remedy=(
                    "Publish an A record (and AAAA where the host has IPv6) for the name that the finding gives.",
                    "If the host is gone, take its MX record out:",
                    "    Resolve-DnsName '<DOMAIN>' -Type MX -Server '<PUBLIC-RESOLVER>'",
                ),
            ),
        },
    ),
    Entry(
        code="mx-is-alias",
        title="The MX record names an alias (CNAME)",
        meaning=(
            "The standards forbid it, yet most senders follow the alias. The certificate was compared with the name in "
            "the MX record, not with the name behind it; a sender may do otherwise."
        ),
        cause="A provider's host was given a name of one's own by CNAME instead of by an address record.",
        remedy=("Let the MX record name the host itself, or give the name A and AAAA records in place of the CNAME.",),
        references=("RFC 5321 §5.1", "RFC 2181 §10.3"),
    ),
    Entry(
        code="route-cut",
        title="There was more than the limits allow to look at",
        meaning=(
            "Some hosts, addresses or presented certificates were left out. What was left out is not judged: the "
            "verdict speaks of the rest only."
        ),
        cause="An unusually large mail service, or a server or zone that sends too much, by fault or by design.",
        remedy=(
            "Probe the hosts that were left out by name:",
            "    probe '<HOST>:25'",
            "If it was certificates, correct the server's file: leaf and intermediates, seldom more than four.",
        ),
        references=("RFC 5321 §5.1", "RFC 8446 §4.4.2"),
    ),
)
