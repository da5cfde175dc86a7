"""Codes that are not about the connection: recipients, permissions, the message itself. A sentence each."""

from probe.exchange.bounces.meaning import Meaning, Party, Row, row

_SENDER = (Party.SENDER,)
_RECIPIENT = (Party.RECEIVER,)
_BOTH = (Party.SENDER, Party.RECEIVER)


_QUOTA = "The account reached its limit of recipients or messages. It may have been taken over."
_WATCH = "See what it sent. If that was not its owner, secure the account."


def plain(codes: str, parties: tuple[Party, ...], title: str, says: str, *words: str, fix: str = "") -> Row:
    """A row that needs no more than a title, a sentence, and perhaps an instruction."""
    return row(codes, Meaning(title=title, says=says, parties=parties, remedy=(fix,) if fix else ()), *words)


GENERAL = (
    plain(
        "4.3.2",
        _RECIPIENT,
        "The mailbox takes too many messages at once",
        "Exchange slows down deliveries to one mailbox, so that others on the same database do not suffer.",
        "recipient thread limit",
        fix="Wait: the message is tried again. Find out what sends so much to that mailbox.",
    ),
    plain(
        "4.5.3",
        _SENDER,
        "Too many recipients in one message",
        "Exchange Online takes 200 recipients of one domain in an envelope; other servers have limits of their own.",
        fix="Send to fewer recipients at a time.",
    ),
    plain(
        "4.7.26",
        _SENDER,
        "Mail over IPv6 passes neither SPF nor DKIM",
        "Over IPv6 one of them is demanded, and the message has neither.",
        fix="Publish an SPF record that names the sending address, and sign with DKIM; or send over IPv4.",
    ),
    plain(
        "5.0.350",
        _RECIPIENT,
        "The recipient's side refused, without a code of its own for it",
        "A collective code. The words behind it tell more: a header that is too long points to Rich Text format, "
        "AS345 to attachments that are nested in one another.",
        fix="Send as HTML or plain text, and without nested attachments.",
    ),
    plain(
        "5.1.0",
        _SENDER,
        "The sender or recipient address is not understood",
        "It comes when a saved message is answered whose address holds only Exchange's internal name.",
        fix="Type the recipient's address anew.",
    ),
    plain(
        "5.1.1-20",
        _SENDER,
        "There is no such mailbox",
        "The address is wrong, or was removed or moved. Outlook may remember the old one.",
        fix="Check the address; take it out of Outlook's list of remembered recipients and type it anew.",
    ),
    plain(
        "5.1.8",
        _SENDER,
        "The sending account is blocked for spam",
        "The account sent so much unwanted mail that it may not send any more; it was probably taken over.",
        fix="Secure the account, then take it off the list of restricted entities.",
    ),
    plain(
        "5.1.10",
        _BOTH,
        "The recipient was not found",
        "Exchange Online looked the address up and knows nobody by it. In a hybrid, the recipient may be missing from "
        "the directory that is synchronised.",
        fix="Check the address, and in a hybrid that the recipient is synchronised.",
    ),
    plain(
        "5.1.20",
        _SENDER,
        "Several addresses in From, and no Sender",
        "A message from several people must say in its Sender field who sent it (RFC 5322 §3.6.2).",
    ),
    plain(
        "5.1.90",
        _SENDER,
        "The sender has sent to too many recipients today",
        _QUOTA,
        fix=_WATCH,
    ),
    plain(
        "5.2.2",
        _SENDER,
        "The sender has sent too many messages, or to too many recipients",
        _QUOTA,
        "submission quota",
        fix=_WATCH,
    ),
    plain(
        "5.2.2",
        _RECIPIENT,
        "The recipient's mailbox is full",
        "It is what RFC 3463 §3.3 means by this code, and what most servers say by it.",
        "mailbox full",
        "mailbox is full",
        "over quota",
        "quota exceeded",
        fix="The recipient has to make room, or be given more.",
    ),
    plain(
        "5.2.121",
        _SENDER,
        "The recipient gets too much from this one sender",
        "Exchange Online limits how many messages an hour one sender may send to one recipient.",
        fix="Send less often; automatic senders should collect what they have to say.",
    ),
    plain(
        "5.2.122",
        _RECIPIENT,
        "The recipient gets too much mail",
        "Exchange Online limits how many messages an hour a mailbox may get from everybody together.",
        fix="Find out what floods the mailbox.",
    ),
    plain(
        "5.3.190",
        _SENDER,
        "Journal reports from on premises are not taken",
        "A journal rule on premises sends to Exchange Online, and there the journaling archive is off.",
        fix="Switch the journaling archive on, or send the journal elsewhere.",
    ),
    plain(
        "5.4.1",
        _RECIPIENT,
        "The server does not take mail for this domain",
        "Mail went to a server that is not responsible: the MX record is wrong, or the domain is not set up there.",
        "relay access denied",
        fix="Compare the domain's MX record with its accepted domains.",
    ),
    plain(
        "5.4.1",
        _SENDER,
        "The recipient's address does not exist",
        "Exchange Online refuses unknown recipients of the domain at its edge.",
        "recipient address rejected",
        fix="Check the address; in a hybrid, that the recipient is synchronised or the domain is an internal relay.",
    ),
    plain(
        "5.4.6 5.4.14",
        _BOTH,
        "The message runs in a circle",
        "It passed the same servers some twenty times. 5.4.6 comes from Exchange on premises, 5.4.14 from Exchange "
        "Online. Forwarding rules or connectors that point at each other do that; in a hybrid often a domain whose "
        "type (authoritative or internal relay) does not fit.",
        fix="Follow the Received headers, and break the circle: forwarding, connector, or type of domain.",
    ),
    plain(
        "5.5.0",
        _SENDER,
        "There is no such mailbox at Outlook.com or Hotmail",
        "Microsoft's free mail says of an unknown address what others say by 5.1.10.",
        fix="Check the address.",
    ),
    plain(
        "5.6.11",
        _SENDER,
        "The message holds bare line feeds",
        "A program wrote lines that end in LF alone, and the receiving server takes only CRLF (RFC 5321 §2.3.8).",
        fix="Mend the program that wrote the message.",
    ),
    plain(
        "5.7.1",
        _RECIPIENT,
        "Exchange does not relay for this sender",
        "The recipient's domain is none of the server's, and the sender is neither authenticated nor allowed to relay. "
        "In a hybrid, see that mail reaches the connector that is meant for it.",
        "unable to relay",
        fix="Authenticate, or allow the sender to relay on the receive connector that answers it.",
    ),
    plain(
        "5.7.1",
        _RECIPIENT,
        "The server takes mail from authenticated senders only",
        "The receive connector that answered does not admit anonymous senders.",
        "client was not authenticated",
        fix="Let the connector that answers the Internet admit anonymous senders, or authenticate.",
    ),
    plain(
        "5.7.1",
        _RECIPIENT,
        "The sender may not write to this recipient",
        "A group or mailbox takes mail from certain senders only, or a transport rule refused the message.",
        "not authorized",
        "delivery not authorized",
    ),
    plain(
        "5.7.12 5.7.133 5.7.134 5.7.13 5.7.135 5.7.136",
        _RECIPIENT,
        "The recipient takes mail from inside its organisation only",
        "The mailbox, group, public folder or mail user is set to refuse senders who are not authenticated. In a "
        "hybrid, mail from the other half counts as outside when its connector has lost its trust "
        "(TlsDomainCapabilities, CloudServicesMailEnabled).",
        fix="Change the recipient's setting, or mend the hybrid connectors: `probe connectors` on an export tells.",
    ),
    plain(
        "5.7.23",
        _SENDER,
        "The message does not pass SPF",
        "The receiving server holds the sending address against the SPF record of the sender's domain; it is not in.",
        fix="Put every address that sends for the domain into its SPF record.",
    ),
    plain(
        "5.7.25",
        _SENDER,
        "The sending IPv6 address has no name",
        "Over IPv6 the address must have a reverse DNS record.",
        fix="Publish a PTR record for the address, or send over IPv4.",
    ),
    plain(
        "5.7.57",
        _SENDER,
        "The device or program did not log on",
        "It sends through smtp.office365.com, where only authenticated clients may.",
        fix="Give it a user and password or OAuth, or send by a connector to the MX host instead.",
    ),
    plain(
        "5.7.124",
        _RECIPIENT,
        "The sender is not on the group's list",
        "The group takes mail only from the senders on its list, to which even its owner must belong.",
    ),
    plain(
        "5.7.367",
        _BOTH,
        "The next server does not relay what was forwarded",
        "A forwarded or relayed message fails SPF or DKIM at the next server, often a gateway of another make.",
        fix="Let the gateway trust the forwarding side, or have the message signed with DKIM.",
    ),
)
