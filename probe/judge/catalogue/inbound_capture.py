"""Findings on how a client came to our listener, and with what."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    ENABLE_TLS_12,
    HYBRID_CERTIFICATES,
    NOT_ATTRIBUTED,
    REMOVE_OLD,
    REPAIR_KEY,
    SCHANNEL_EVENTS,
    SEND_CERTIFICATE,
    SHOW_CERTIFICATES,
)

_SEND = "Microsoft Learn: Set-SendConnector (TlsCertificateName, Fqdn, RequireTLS, TlsAuthLevel)"
_SHOW_SEND = (
    "See what the send connector is set to:",
    "    Get-SendConnector | Format-List Identity, RequireTLS, IgnoreSTARTTLS, TlsAuthLevel, TlsCert*, Fqdn",
)
_TRUST_US = (
    "Let the connector that delivers here ask for encryption alone:",
    "    Set-SendConnector '<SEND-CONNECTOR>' -RequireTLS $true -TlsAuthLevel EncryptionOnly",
    "Or give the listener a certificate that the client trusts:",
    "    probe listen <PORT> --cert '<PEM-FILE>' --key '<PEM-FILE>'",
)
_NO_KEY = (  # of the server's own log, and of its queue
    "TLS negotiation failed with error NoCredentials",
    "TLS negotiation failed with error UnknownCredentials",
    '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."',
)

CAPTURE = (
    Entry(
        code="client-certificate-not-sent",
        title="The client showed no certificate",
        meaning=(
            "It was asked for one, as by Exchange Online, and showed none. Then mail can be attributed by the client's "
            "address alone; where no inbound connector knows that, relaying is refused, and mail for the tenant's own "
            "recipients is a stranger's."
        ),
        cause=(
            "The send connector names no certificate and none bears its Fqdn, or a gateway on the way ends TLS and "
            "begins it anew without the server's certificate."
        ),
        remedy=(
            *_SHOW_SEND,
            *SEND_CERTIFICATE,
            "If a gateway stands between, let it pass TCP through, or give it the certificate with its key.",
            "Postfix: smtp_tls_chain_files. Exim: tls_certificate and tls_privatekey of the smtp transport.",
        ),
        exchange_online=(NOT_ATTRIBUTED,),
        hresult="SEC_E_INCOMPLETE_CREDENTIALS 0x80090320",
        references=("RFC 8446 §4.4.2", "RFC 5246 §7.4.6", _SEND, HYBRID_CERTIFICATES),
    ),
    Entry(
        code="client-handshake-failed",
        title="The client's TLS handshake failed",
        meaning=(
            "It asked for STARTTLS, and TLS did not come about. With Exchange Online it would most likely be the same: "
            "mail waits in the queue and is returned in the end. The finding has the words of the check."
        ),
        cause="A private key that cannot be used, nothing in common, a device in between, or a certificate refused.",
        remedy=(*SCHANNEL_EVENTS, *_SHOW_SEND),
        references=("RFC 3207 §4", "RFC 8446 §6.2", _SEND),
        causes={
            "refused-ours": Cause(
                title="The client refused the listener's certificate",
                meaning=(
                    "It checks whom it delivers to, and the listener's own certificate is self-made unless it was "
                    "given another. That is no fault of the client's: with Exchange Online's certificate it may well "
                    "be content. Until it gets further here, what it would show remains open."
                ),
                remedy=_TRUST_US,
            ),
            "closed": Cause(
                title="The client hung up as TLS began",
                meaning=(
                    "It got leave to begin TLS and closed the connection without a word. So does Windows where the "
                    "certificate to show has no private key that can be used: the log of the server then says "
                    "NoCredentials. In the case that is best known an expired certificate was still taken instead of "
                    "the renewed one. A device in between may do the same."
                ),
                remedy=(
                    "Read the send protocol log of the server: it names the certificate, and the error.",
                    "Compare with the certificates that the server has, and with the one that its connector names:",
                    *SHOW_CERTIFICATES,
                    *REPAIR_KEY,
                    "If the log names another certificate than the connector means, an old one of that name is left:",
                    *REMOVE_OLD,
                    *SEND_CERTIFICATE,
                ),
                exchange_online=_NO_KEY,
                hresult="SEC_E_NO_CREDENTIALS 0x8009030E",
            ),
            "key-mismatch": Cause(
                title="The client's key is not that of its certificate",
                meaning=(
                    "It showed a certificate and could not prove that it has the key: the signature does not fit. "
                    "Nobody takes such a connection."
                ),
                remedy=(
                    *REPAIR_KEY,
                    "Elsewhere, see whether file of certificate and file of key belong together:",
                    "    openssl x509 -in '<PEM-FILE>' -noout -pubkey",
                    "    openssl pkey -in '<PEM-FILE>' -pubout",
                ),
            ),
            "nothing-in-common": Cause(
                title="The client has no version or cipher in common with the listener",
                meaning=(
                    "The listener speaks TLS 1.2 and 1.3 with the usual ciphers, as Exchange Online does. What fails "
                    "here, fails there."
                ),
                remedy=(*ENABLE_TLS_12, *SCHANNEL_EVENTS),
                hresult="SEC_E_ALGORITHM_MISMATCH 0x80090331",
            ),
            "not-tls": Cause(
                title="What the client sent after STARTTLS is not TLS",
                meaning=(
                    "It went on in plain text, or a device in between changed what it sent. Nothing of it was taken "
                    "for a message."
                ),
                remedy=(
                    "Look for SMTP inspection or a proxy between the client and this listener, and let it pass TLS.",
                    "Try from the server itself:",
                    "    openssl s_client -starttls smtp -connect '<TARGET>'",
                ),
            ),
            "timed-out": Cause(
                title="The client's TLS handshake was not done in time",
                meaning=(
                    "The client stalled, or what one side sent did not arrive. A firewall that drops large packets "
                    "stops exactly the certificates. What the client would have shown is not known."
                ),
                remedy=(
                    "Try again. If it happens every time, check the path MTU between the client and this listener:",
                    "    ping -f -l 1472 '<ADDRESS>'",
                ),
            ),
        },
    ),
    Entry(
        code="client-left",
        title="TLS stood, and the client left without a word",
        meaning=(
            "It checked the listener's certificate and did not like it, as a client does that is set to more than "
            "encryption alone, or it was a monitor that only tries TLS. It came to no delivery, so that nothing can be "
            "said of attribution. A certificate that it showed was judged all the same."
        ),
        cause="TlsAuthLevel above EncryptionOnly, Postfix at the level secure or verify, or a monitor's check.",
        remedy=(
            "If it was a monitor, there is nothing to be done.",
            "If it was meant to deliver, let the connector that delivers here ask for encryption alone:",
            *_TRUST_US[1:],
        ),
        references=("RFC 3207 §4.1", _SEND),
    ),
    Entry(
        code="client-without-tls",
        title="The client delivers without asking for TLS",
        meaning=(
            "STARTTLS was offered and not asked for, so there is no certificate. Exchange Online attributes such mail "
            "by the client's address or not at all; a hybrid connector's mail loses its internal headers."
        ),
        cause="RequireTLS is off and IgnoreSTARTTLS on, or a device in between hides the offer.",
        remedy=(
            *_SHOW_SEND,
            "Let it require TLS:",
            "    Set-SendConnector '<SEND-CONNECTOR>' -IgnoreSTARTTLS $false -RequireTLS $true",
            "If it does require TLS, a device on the way hides the offer: look for SMTP inspection.",
        ),
        exchange_online=(NOT_ATTRIBUTED,),
        references=("RFC 3207 §4", _SEND),
        causes={
            "left": Cause(
                title="The client left before it named a sender or asked for TLS",
                meaning=(
                    "A scan, a check whether the port is open, or a client that did not like what it heard. What it "
                    "would have done is not known."
                ),
                remedy=(*_SHOW_SEND, "If it requires TLS, see whether a device on the way hides our offer of it."),
                exchange_online=(),
            ),
            "put-off": Cause(
                title="The client asked for TLS and was told to wait",
                meaning=(
                    "The listener had more handshakes to do than it takes in a second, or the command was not in "
                    "order. What the client would have shown is not known."
                ),
                remedy=("Let the client try again, when less is going on.",),
                exchange_online=(),
            ),
        },
    ),
)
