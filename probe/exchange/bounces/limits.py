"""Codes of Exchange Online's limits, reputation lists and high volume service. A sentence each."""

from probe.exchange.bounces.general import plain
from probe.exchange.bounces.meaning import Party

_SENDER = (Party.SENDER,)
_RECIPIENT = (Party.RECEIVER,)
_SECURE = "Close what is open (an account taken over, an open relay), then ask Microsoft's support to lift the ban."
_DELIST = "See that nothing of yours sends spam, then ask for removal at Microsoft's delist portal."
_HVE = "Check the account's settings for high volume mail (HVE)."

LIMITS = (
    plain(
        "5.7.232 5.7.233",
        _SENDER,
        "The tenant has sent to too many external recipients today",
        "Exchange Online limits them over 24 hours that move along; 5.7.232 is the lower limit of trial tenants.",
        fix="Wait until the last 24 hours are below the limit, and see who sends that much.",
    ),
    plain(
        "5.7.236",
        _SENDER,
        "Too much mail from the tenant's onmicrosoft.com domain",
        "These domains are for tests: 100 external recipients in 24 hours.",
        fix="Send from a domain of your own.",
    ),
    plain(
        "4.7.500-699",
        _SENDER,
        "Exchange Online holds the sender back for a while",
        "The sending looked suspicious and is being looked into.",
        fix="If it is legitimate, wait: the limit is lifted before long.",
    ),
    plain(
        "4.7.850-899",
        _SENDER,
        "Exchange Online holds the sending address back for a while",
        "The address looked suspicious and is being looked into.",
        fix="If it is legitimate, wait: the limit is lifted before long.",
    ),
    plain(
        "5.7.501 5.7.502 5.7.503",
        _SENDER,
        "The sending account is banned for spam",
        "Exchange Online saw spam from it.",
        fix="Secure the account and change its password, then ask Microsoft's support to let it send again.",
    ),
    plain(
        "5.7.504 5.7.505",
        _SENDER,
        "The recipient's address is not valid",
        "Exchange Online does not take mail for it.",
        fix="Check the address.",
    ),
    plain(
        "5.7.506",
        _SENDER,
        "The sending server greets by the name of the receiving one",
        "It says in HELO or EHLO the name of the host that it talks to, as spam programs do.",
        fix="Set the server's own name: the Fqdn of the send connector.",
    ),
    plain(
        "5.7.507 5.7.513",
        _RECIPIENT,
        "The recipient's organisation blocks the sending address",
        "It has put the address on a list of its own.",
        fix="Ask the recipient, by other means, to take the address off the list.",
    ),
    plain(
        "5.7.508",
        _SENDER,
        "Too much mail from this range of IPv6 addresses",
        "The range sent more in a short time than is allowed.",
        fix="Send more slowly, or over IPv4.",
    ),
    plain(
        "5.7.509",
        _SENDER,
        "The message fails DMARC, and the domain asks for its refusal",
        "The domain in From passes neither SPF nor DKIM in alignment, and its DMARC policy is reject.",
        fix="Sign with DKIM for the domain in From, or send from addresses in its SPF record.",
    ),
    plain(
        "5.7.510",
        _RECIPIENT,
        "The recipient's domain takes no mail over IPv6",
        "It has not asked Exchange Online for it.",
        fix="Send over IPv4.",
    ),
    plain(
        "5.7.511",
        _SENDER,
        "The sending address is banned",
        "Exchange Online has put it on its list.",
        fix="Write to delist@microsoft.com with the whole report and the address.",
    ),
    plain(
        "5.7.512",
        _SENDER,
        "The message has no valid From",
        "Its From header holds no address in the form of RFC 5322 §3.6.2.",
        fix="Mend the program that wrote the message.",
    ),
    plain(
        "5.7.606-649",
        _SENDER,
        "The sending address is banned",
        "It is on Exchange Online's list for its reputation. Such addresses have been seen not to be offered "
        "STARTTLS either, which then looks like a fault of TLS.",
        fix=_DELIST,
    ),
    plain(
        "5.7.703",
        _SENDER,
        "The sender's own organisation blocks a recipient",
        "One recipient or domain is on the tenant's allow and block list; then the whole message is refused.",
        fix="Take the entry off the list, or the recipient out of the message.",
    ),
    plain(
        "5.7.705 5.7.708",
        _SENDER,
        "The tenant may not send for the time being",
        "Most of what it sends looks suspicious; 5.7.708 speaks of the address that it sends from.",
        fix=_SECURE,
    ),
    plain(
        "5.7.750",
        _SENDER,
        "The tenant sends too much from domains that it has not registered",
        "Mail over its connectors has senders in domains that are not accepted domains of the tenant.",
        fix="Add the domains to the tenant and verify them.",
    ),
    plain(
        "5.7.700-750",
        _SENDER,
        "The tenant may not send for the time being",
        "A code of the range that Exchange Online uses for tenants whose mail looks suspicious.",
        fix=_SECURE,
    ),
    plain(
        "5.7.800",
        _SENDER,
        "The sender's domain is banned for spam",
        "It is the domain in EHLO, MAIL FROM or From.",
        fix="Ask Microsoft's support to let the domain send again.",
    ),
    plain(
        "",
        _SENDER,
        "The sender has sent to too many recipients today",
        "The account reached 10,000 recipients in a day. It was probably taken over.",
        "submission quota was exceeded",
        fix="Secure the account.",
    ),
    plain(
        "4.3.240",
        _SENDER,
        "Too many connections at once for high volume mail",
        "The account has more than 250 connections open.",
        fix="Use fewer connections at a time.",
    ),
    plain(
        "4.4.244",
        _SENDER,
        "High volume mail is too fast for a few recipients",
        "Many messages to few recipients in a short time are slowed down.",
        fix="Send more slowly.",
    ),
    plain(
        "5.7.142 5.7.143 5.7.144",
        _SENDER,
        "The OAuth token of the high volume account does not do",
        "It is about to expire (5.7.142), has expired (5.7.143), or lacks the permission (5.7.144).",
        fix="Get a new token in time, with the permission to send for high volume mail.",
    ),
    plain(
        "5.1.241",
        _SENDER,
        "The recipient is an account for high volume mail",
        "Such accounts send only; they have no mailbox.",
        fix="Give the account's messages a Reply-To address.",
    ),
    plain(
        "5.2.240 5.7.240",
        _SENDER,
        "The account or its program may not send high volume mail",
        "It is not set up for it.",
        fix=_HVE,
    ),
    plain(
        "5.6.240 5.6.241",
        _SENDER,
        "A header of the high volume message does not do",
        "One of its headers is not allowed (5.6.240), or From is missing or malformed (5.6.241).",
        fix="Mend the program that writes the message.",
    ),
    plain(
        "5.7.241 5.7.242 5.7.243",
        _SENDER,
        "The tenant may not use high volume mail",
        "It is a trial tenant (5.7.241), inactive (5.7.242), or blocked (5.7.243).",
        fix="Ask Microsoft's support.",
    ),
    plain(
        "5.7.244 5.7.245 5.7.246",
        _SENDER,
        "High volume mail goes to recipients inside only",
        "External recipients are refused; with 5.7.246 they came in by a distribution list and were taken out.",
        fix="Send to internal recipients, or by another service.",
    ),
)
