"""Codes of a connection that did not come about, and of messages that waited too long for one."""

from probe.exchange.bounces.meaning import Check, Meaning, Party, row

_QUEUED = "The message waits and is tried again, as a rule for a day, then it bounces."

_DNS = Meaning(
    title="The name of the receiving host was not found",
    says=(
        "The sender's DNS query for the MX records, or for the smart host of the connector, failed. "
        + _QUEUED
        + " In a "
        "hybrid the smart host's name must be known on the Internet, not only inside (split DNS)."
    ),
    parties=(Party.DNS,),
    check=Check.HOST,
    findings=(("name-not-found", None), ("dnssec-invalid", "mx")),
)
_NO_WAY = Meaning(
    title="There is no way to the receiving host's address",
    says="The sender's network, or a router on the way, knows no route to the address, or a firewall says so. "
    + _QUEUED,
    parties=(Party.DEVICE, Party.SENDER),
    check=Check.HOST,
    findings=(("not-observed", "CONNECT/UNREACHABLE"),),
)
_NOT_ACTIVE = Meaning(
    title="The receiving server takes no mail for the moment",
    says=(
        "The service is stopping, or the server, or a component of it, is set inactive, as for maintenance; Exchange "
        "does that by itself when it runs short of memory or disk space. " + _QUEUED
    ),
    parties=(Party.RECEIVER,),
    check=Check.HOST,
    remedy=(
        "On Exchange, see what is switched off, and free disk space if that is short:",
        "    Get-ServerComponentState '<SERVER>' | Format-Table Component, State",
    ),
)
_TOO_MANY = Meaning(
    title="The receiving server has too many connections",
    says="It limits how many connections it takes at once, from everybody or from one address. " + _QUEUED,
    parties=(Party.RECEIVER, Party.SENDER),
    check=Check.HOST,
)
_PROXIED = Meaning(
    title="The front end of an Exchange server could not hand the session on",
    says=(
        "The front-end transport passes every session on to a transport service behind it, and found none that "
        "answers: a stopped service, name resolution between the servers, or a host file. It is not about TLS."
    ),
    parties=(Party.RECEIVER, Party.ON_PREMISES),
    remedy=(
        "If that server is ours, see that its transport services run and that it finds the others by name:",
        "    Test-ServiceHealth -Server '<SERVER>'",
    ),
    doubts=("That is what these words (PRX and a digit) are known for; Microsoft does not document them.",),
)
_TIMED_OUT = Meaning(
    title="The receiving host did not answer",
    says="Packets to its address and port vanish: a firewall, a wrong address, or a server that is down. " + _QUEUED,
    parties=(Party.RECEIVER, Party.DEVICE),
    check=Check.HOST,
    findings=(("not-observed", "CONNECT/TIMEOUT"),),
)
_REFUSED = Meaning(
    title="The receiving host refused the connection",
    says=(
        "The address answers, but nothing listens on the port, or a firewall says so in its name. Windows' number "
        "for it is 10061. " + _QUEUED
    ),
    parties=(Party.RECEIVER, Party.DEVICE),
    check=Check.HOST,
    findings=(("not-observed", "CONNECT/REFUSED"),),
)
_CLOSED = Meaning(
    title="The connection was closed abruptly",
    says=(
        "It came about and was cut off before the dialogue was done: often a device that inspects SMTP, intrusion "
        "prevention or a connection filter in front of the server. " + _QUEUED
    ),
    parties=(Party.DEVICE, Party.RECEIVER),
    check=Check.HOST,
    findings=(
        ("not-observed", "DIALOGUE/CLOSED"),
        ("not-observed", "CONNECT/CLOSED"),
        ("starttls-not-supported", "masked"),
    ),
)
_EXPIRED = Meaning(
    title="The message waited too long and was given up",
    says=(
        "It could not be handed over before its time in the queue ran out, a day or two as a rule. This code says only "
        "that; why is said by the last error, in the same report further below or in the queue."
    ),
    parties=(Party.RECEIVER, Party.UNKNOWN),
    check=Check.HOST,
    findings=(("not-observed", None), ("starttls-not-supported", None)),
    remedy=(
        "Read the last error, and explain that: in the report's details for administrators, or on the server:",
        "    Get-Queue -Server '<SERVER>' | Format-List Identity, NextHopDomain, MessageCount, LastError",
        "In Exchange Online, the message trace's details hold it.",
    ),
    open=True,
)
_DROPPED = Meaning(
    title="The connection was lost in the middle of the dialogue",
    says=(
        "The other side, or a device in between, ended the connection or fell silent. Behind STARTTLS, "
        "a handshake that fails looks like this too; where it stalls as soon as certificates are sent, think of the "
        "path MTU."
    ),
    parties=(Party.DEVICE, Party.RECEIVER),
    check=Check.HOST,
    findings=(
        ("not-observed", "DIALOGUE/CLOSED"),
        ("not-observed", "HANDSHAKE/CLOSED"),
        ("not-observed", "HANDSHAKE/TIMEOUT"),
    ),
)
_UNABLE = Meaning(
    title="The server could not connect to the next host",
    says=(
        "No connection came about, and the reply tells nothing of why: the host does not answer, refuses, or the "
        "sending server has no usable certificate for a connector that requires TLS (its log then says NoCredentials "
        "or UnknownCredentials)."
    ),
    parties=(Party.UNKNOWN,),
    check=Check.HOST,
    findings=(("not-observed", "CONNECT/TIMEOUT"), ("not-observed", "CONNECT/REFUSED")),
    remedy=("Read the SmtpSend log of the sending server at that time with `probe logs`.",),
)
_WITHIN = "The words inside it are those of the host that it tried, or of a server of our own on the way to it."
_PROXY = Meaning(
    title="A mailbox server could not send through its front end",
    says="The proxy session over the front end failed. " + _WITHIN,
    parties=(Party.UNKNOWN,),
    check=Check.NAME,
    findings=(("starttls-not-supported", None), ("not-observed", None)),
    doubts=("Whether the front end is one of Exchange Online or on premises, the text does not say.",),
    open=True,
)
_TARGET = Meaning(
    title="The host that the server tried answered with an error",
    says="The server reached its next host, and that, or the connection to it, failed. " + _WITHIN,
    parties=(Party.UNKNOWN,),
    check=Check.HOST,
    findings=(("not-observed", None),),
    open=True,
)
_PRIMARY = Meaning(
    title="The address that the server tried first answered with an error, and no other did better",
    says="The message waits in the queue and is tried again. " + _WITHIN,
    parties=(Party.UNKNOWN,),
    check=Check.HOST,
    findings=(("not-observed", None),),
    open=True,
)
_EARLY = "That this code ends such a wait is told by analogy with 5.4.317; a sample was not seen."

CONNECTION = (
    row("4.4.312 4.4.3 4.4.4 5.4.4", _DNS),
    row("4.4.0", _DNS, "dns query failed"),
    row("4.4.315", _TIMED_OUT),
    row("4.4.316", _REFUSED),
    row("4.4.318", _CLOSED),
    *(
        row(
            code,
            Meaning(
                title=f"{meaning.title}, until the message was given up",
                says=meaning.says,
                parties=meaning.parties,
                check=meaning.check,
                findings=meaning.findings,
                doubts=(_EARLY,),
            ),
        )
        for code, meaning in (("5.4.312", _DNS), ("5.4.315", _TIMED_OUT), ("5.4.316", _REFUSED), ("5.4.318", _CLOSED))
    ),
    row("4.4.7 5.4.7 5.4.300", _EXPIRED),
    row("4.4.101 5.4.101", _PROXY),
    row("4.4.395 4.4.397", _TARGET),
    row("4.4.395 4.4.397 4.4.0 4.4.1", _REFUSED, "connection refused", "10061"),
    row("4.4.395 4.4.397 4.4.0 4.4.1", _NO_WAY, "no route to host", "network is unreachable", "10051", "10065"),
    row("4.4.395 4.4.397 4.4.0 4.4.1", _TIMED_OUT, "421 4.4.1", "connection timed out", "10060"),
    row("4.4.395 4.4.397 4.4.0 4.4.2", _DROPPED, "421 4.4.2", "connection dropped", "timedout"),
    row("4.4.395 4.4.397 4.4.0 4.2.1", _UNABLE, "421 4.2.1", "unable to connect"),
    row("4.4.0", _PRIMARY, "primary target ip address responded"),
    row("4.4.0", _PRIMARY),
    row("4.4.1", _UNABLE),
    row("4.4.2", _DROPPED),
    row("4.2.1", _UNABLE),
    row("4.3.2", _NOT_ACTIVE, "service not active", "service not available", "shutting down"),
    row("4.3.2", _TOO_MANY, "concurrent connections"),
    row("4.7.0 4.4.395 4.4.397", _PROXIED, "temporary server error"),
    row("4.4.317 5.4.317 4.4.101", _REFUSED, "10061"),
    row("4.4.317 5.4.317 4.4.101", _TIMED_OUT, "10060"),
)
