"""What a server's certificate is told of, told of a client's: causes that other entries share with our listener."""

from collections.abc import Mapping

from probe.judge.catalogue.entry import Cause
from probe.judge.catalogue.words import (
    NOT_ATTRIBUTED,
    PUBLIC_CERTIFICATE,
    REMOVE_OLD,
    SEND_CERTIFICATE,
    SHOW_CERTIFICATES,
)

_DENIED = (NOT_ATTRIBUTED, "454 4.7.0 Failed to establish appropriate TLS channel")
_NOBODYS = (
    "By such a certificate Exchange Online attributes mail to no tenant: for others' recipients it refuses it, and for "
    "the tenant's own it is a stranger's."
)
_ADD_INTERMEDIATE = (
    "Get the missing intermediate certificate from the CA; where the finding gives an address, it is there.",
    "On every sending Exchange server put it into the machine's intermediate store, then restart transport:",
    "    Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",
    "    Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport",
    "Other servers send what their file holds: the leaf first, then each intermediate, without the root.",
    "Postfix: smtp_tls_chain_files. Exim: tls_certificate of the smtp transport. A gateway: its client certificate.",
)
_RENEW = (
    "See whether the new certificate is there already, and which one the send connector names:",
    *SHOW_CERTIFICATES,
    "If not, get it for the same names and install it with its key and intermediates. Then put it to use.",
    *SEND_CERTIFICATE,
)

CLIENT_NOT_TRUSTED: Mapping[str, Cause] = {
    "client-self-signed": Cause(
        title="The client's certificate is self-signed",
        meaning=(
            "Exchange shows such a certificate where the send connector names none and its Fqdn finds no better. "
            f"{_NOBODYS}"
        ),
        remedy=(
            "See which certificates the server has and what its send connector names:",
            *SHOW_CERTIFICATES,
            *PUBLIC_CERTIFICATE,
            *SEND_CERTIFICATE,
        ),
        exchange_online=_DENIED,
    ),
    "client-unknown-root": Cause(
        title="The client's chain leads to an issuer that is not a trusted root",
        meaning=(
            "Either that issuer is a root that the list does not have, such as a private CA's, or a further "
            f"intermediate is missing; what was sent does not tell which. {_NOBODYS} The finding names the list of "
            "roots that it rests on; Microsoft's differs."
        ),
        remedy=(
            "Look the issuer up at its CA. If it is an intermediate, its certificate has to be sent too.",
            *_ADD_INTERMEDIATE,
            "For Exchange Online a private CA cannot do.",
            *PUBLIC_CERTIFICATE,
            *SEND_CERTIFICATE,
        ),
        exchange_online=_DENIED,
    ),
    "client-chain-incomplete": Cause(
        title="The client's chain is not trusted because an intermediate is missing",
        meaning=(
            "The sending server did not send a certificate that is needed on the way to the root, and Exchange Online "
            f"does not fetch it. {_NOBODYS} No outside probe and no protocol log can show it: it is the classic cause "
            "of 5.7.64 where all the names agree."
        ),
        remedy=_ADD_INTERMEDIATE,
        exchange_online=_DENIED,
    ),
    "client-path-invalid": Cause(
        title="A step in the client's chain does not hold",
        meaning=(
            "A signature does not fit, a certificate that is no CA signed another, or a limit of a CA was passed: the "
            f"finding has the words of the check. {_NOBODYS}"
        ),
        remedy=(
            "Check that the intermediate is the one that signed this leaf: CAs issue several by one name.",
            *_ADD_INTERMEDIATE,
            "If the CA itself is at fault (a private one, say), have the certificate issued anew.",
        ),
        exchange_online=_DENIED,
        hresult="CERT_E_CHAINING 0x800B010A",
    ),
}

CLIENT_INCOMPLETE: Mapping[str, Cause] = {
    "client": Cause(
        title="The client does not send every intermediate certificate",
        meaning=(
            "The finding names the issuer that was not sent. Windows sends what it finds in its own store of "
            f"intermediates, and Exchange Online takes only what is sent. {_NOBODYS}"
        ),
        remedy=_ADD_INTERMEDIATE,
        exchange_online=_DENIED,
    )
}

CLIENT_MISORDERED: Mapping[str, Cause] = {
    "client": Cause(
        title="The client does not send its certificates in order",
        meaning=(
            "Up to TLS 1.2 each certificate must be the issuer of the one before it. Windows bears with disorder, as "
            "far as is known; strict servers refuse it."
        ),
        remedy=(
            "Put the file in order: the leaf, then its issuer, then the issuer's issuer. Leave the root out.",
            "Exchange orders the chain itself; a gateway behind it may not.",
        ),
    )
}

CLIENT_SUPERFLUOUS: Mapping[str, Cause] = {
    "client": Cause(
        title="The client sends certificates that nobody needs",
        meaning=(
            "A root, a repetition, or one that has nothing to do with the chain. It makes each handshake longer; an "
            "expired one can lead a simple checker astray."
        ),
        remedy=(
            "Leave in the file only the leaf and the intermediates up to, not including, the root.",
            "On Exchange, remove expired intermediates from LocalMachine\\CA, then restart transport.",
        ),
    )
}

CLIENT_MISNAMED: Mapping[str, Cause] = {
    "client": Cause(
        title="The client's certificate has not the expected name",
        meaning=(
            "It should bear the name that the inbound connector expects (TlsSenderCertificateName), and does not. If "
            "Exchange Online expects that name, it takes the mail for nobody's."
        ),
        remedy=(
            "If another certificate is meant, let the send connector name it.",
            *SEND_CERTIFICATE,
            "If this one is right, let the inbound connector expect one of its names.",
        ),
        exchange_online=(NOT_ATTRIBUTED,),
    )
}

CLIENT_EXPIRED: Mapping[str, Cause] = {
    "client": Cause(
        title="The client's certificate has expired",
        meaning=(
            f"It or an intermediate of its chain is past its last day. {_NOBODYS} Where an old and a renewed "
            "certificate share issuer and subject, Exchange may go on with the old one until transport restarts."
        ),
        remedy=(
            *_RENEW,
            "If Exchange still shows the old one after that, and both have the same issuer and subject, remove it.",
            *REMOVE_OLD,
        ),
        exchange_online=_DENIED,
    )
}

CLIENT_EARLY: Mapping[str, Cause] = {
    "client": Cause(
        title="The client's certificate is not valid yet",
        meaning=f"Its first day lies ahead. {_NOBODYS} Windows has no word of its own for it: CertificateExpired.",
        remedy=(
            "Compare this machine's clock with a good one before anything else:",
            "    w32tm /stripchart /computer:<TIME-SERVER> /samples:3 /dataonly",
            "Use the former certificate until the date that the finding gives.",
            *SEND_CERTIFICATE,
        ),
        exchange_online=_DENIED,
    )
}

CLIENT_SOON: Mapping[str, Cause] = {
    "client": Cause(
        title="The client's certificate expires soon",
        meaning=(
            "Mail still flows. From the day that the finding gives, Exchange Online attributes mail to no tenant by "
            "it. By default soon means fewer than 21 days and less than a third of the certificate's own lifetime."
        ),
        remedy=_RENEW,
    )
}

CLIENT_USAGE: Mapping[str, Cause] = {
    "client": Cause(
        title="The client's certificate lacks the usage that Exchange asks for",
        meaning=(
            "Exchange asks for serverAuth of clients, too, as in its code of 2013: clientAuth alone will not do, and "
            f"is not needed. {_NOBODYS} WrongUsage is Exchange's own name for it."
        ),
        remedy=("Have a certificate issued with the usage serverAuth (1.3.6.1.5.5.7.3.1).", *SEND_CERTIFICATE),
        exchange_online=_DENIED,
    )
}

CLIENT_WEAK: Mapping[str, Cause] = {
    "client": Cause(
        title="A certificate in the client's chain is weakly made",
        meaning=(
            "Its signature uses SHA-1 or MD5, or its RSA key is shorter than 2048 bits. Windows refuses most of such; "
            "what Exchange Online makes of a client's has not been seen."
        ),
        remedy=(
            "Have it issued anew: RSA with 2048 bits or more, signed with SHA-256 or better.",
            *SEND_CERTIFICATE,
        ),
        exchange_online=(),
    )
}

CLIENT_UNREADABLE: Mapping[str, Cause] = {
    "client": Cause(
        title="A certificate that the client sent cannot be read",
        meaning=(
            "What was sent in its place is not a certificate by the standard. If it is the client's own, nothing can "
            "be attributed by it; what Exchange Online says to it is not known."
        ),
        remedy=("Have the certificate issued anew by a CA that follows the standard.", *SEND_CERTIFICATE),
    )
}
