"""Findings on installed certificates that connectors name."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    IMPORT_CERTIFICATE,
    IMPORT_INTERMEDIATE,
    NEGOTIATION_FAILED,
    PUBLIC_CERTIFICATE,
    REPAIR_KEY,
    ROOT_PROGRAMME,
    STARTTLS_REQUIRED,
    USE_CERTIFICATE,
    refusal,
    spelt_out,
)

_REPLACE = (*IMPORT_CERTIFICATE, *USE_CERTIFICATE)
_SEE_NAMES = (
    "See which connectors name it; if any does, export them as well, for what to do depends on them:",
    "    Get-SendConnector | Format-List Name, TlsCertificateName",
    "    Get-ReceiveConnector | Format-List Identity, TlsCertificateName",
)
_REMOVE_UNUSED = (
    *_SEE_NAMES,
    "If none does and it is not needed otherwise, remove the old one; the command asks for confirmation:",
    "    Remove-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<OLD-THUMBPRINT>'",
)
_RENEW = (
    *_SEE_NAMES,
    "If one does, have it renewed; what the renewed one means for the connectors, the rehearsal says:",
    "    probe rehearse --connectors onprem.json --next '<CER-FILE>'",
)
_GET_EXCHANGE = "Microsoft Learn: Get-ExchangeCertificate"
_EXPIRED = refusal("CertificateExpired", spelt_out("CertificateExpired"))
_NOT_ATTRIBUTED = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"

CERTIFICATES: tuple[Entry, ...] = (
    Entry(
        code="installed-certificate-expired",
        title="The certificate that the connector names has expired",
        meaning=(
            "Exchange Online refuses it, and so does every sender that checks. Senders that do not check go on, which "
            "is why nobody notices. Exchange may also drop it and offer no STARTTLS at all."
        ),
        cause="It was not renewed, or the renewed one was not installed, or has another issuer or subject.",
        remedy=_REPLACE,
        exchange_online=(*_EXPIRED, *STARTTLS_REQUIRED),
        tlsrpt="certificate-expired",
        hresult="CERT_E_EXPIRED 0x800B0101",
        references=(HYBRID_CERTIFICATES, "RFC 5280 §4.1.2.5"),
    ),
    Entry(
        code="installed-certificate-not-yet-valid",
        title="The certificate that the connector names is not valid yet",
        meaning="Until then Exchange and Exchange Online treat it like an expired one.",
        cause="It was issued for later, or the server's clock is wrong.",
        remedy=("Name one that is current until then.", *USE_CERTIFICATE),
        exchange_online=_EXPIRED,
        tlsrpt="validation-failure",
        hresult="CERT_E_EXPIRED 0x800B0101",
        references=(HYBRID_CERTIFICATES, "RFC 5280 §4.1.2.5"),
    ),
    Entry(
        code="installed-certificate-expires-soon",
        title="The certificate that the connector names expires soon",
        meaning=(
            "When it does, Exchange Online refuses it. The renewed one has to be on every server before, and if its "
            "issuer or subject is another, the connectors have to be told."
        ),
        cause="The renewal is due. With lifetimes of 200 days, and 47 in 2029, it had better not be done by hand.",
        remedy=_REPLACE,
        exchange_online=_EXPIRED,
        tlsrpt="certificate-expired",
        references=(HYBRID_CERTIFICATES,),
    ),
    Entry(
        code="installed-certificate-keyless",
        title="The certificate that the connector names has no private key",
        meaning=(
            "Exchange finds it and cannot use it: the log says NoCredentials. STARTTLS is missing, or the handshake "
            "ends in nothing; sending fails with 421 4.2.1 or 4.4.1."
        ),
        cause="A CER file was imported instead of the PFX file, or the link to the key was lost.",
        remedy=REPAIR_KEY,
        exchange_online=(*STARTTLS_REQUIRED, NEGOTIATION_FAILED),
        hresult="SEC_E_NO_CREDENTIALS 0x8009030E",
        references=(_GET_EXCHANGE,),
    ),
    Entry(
        code="installed-certificate-untrusted",
        title="The certificate that the connector names is not trusted",
        meaning="Exchange Online takes certificates of CAs in Microsoft's root programme, and no others.",
        cause="Exchange's own certificate, a private CA, or an intermediate that the server does not have.",
        remedy=(*PUBLIC_CERTIFICATE, *USE_CERTIFICATE),
        exchange_online=refusal("UntrustedRoot"),
        tlsrpt="certificate-not-trusted",
        hresult="CERT_E_UNTRUSTEDROOT 0x800B0109",
        references=(HYBRID_CERTIFICATES, ROOT_PROGRAMME),
        causes={
            "self-signed": Cause(
                title="The certificate that the connector names is self-signed",
                meaning=(
                    "Exchange Online refuses it where it validates certificates, and attributes no mail by it. If its "
                    "name is wrong as well, it says SubjectMismatch instead, for it compares the name first."
                ),
                remedy=("Install a certificate of a public CA, or name the one that is there.", *_REPLACE),
                exchange_online=(*refusal("UntrustedRoot"), _NOT_ATTRIBUTED),
            ),
            "revoked": Cause(
                title="The certificate that the connector names was revoked",
                meaning="By its Status the server itself holds it for revoked. Exchange Online refuses revoked ones.",
                remedy=("Have a new one issued, for a new key.", *_REPLACE),
                exchange_online=refusal("CertificateRevoked"),
                hresult="CERT_E_REVOKED 0x800B010C",
            ),
            "status": Cause(
                title="The server does not trust the certificate that the connector names",
                meaning=(
                    "By its Status the server itself cannot build a chain from it to a root that it trusts. It sends "
                    "no intermediate that it does not have, and Exchange Online fetches none: a missing one shows as "
                    "UntrustedRoot. If only the server's list of roots is old, others may well trust it."
                ),
                remedy=("If the CA is a public one, an intermediate is missing on the server.", *IMPORT_INTERMEDIATE),
            ),
        },
    ),
    Entry(
        code="installed-certificate-unfit",
        title="Exchange may not take the kind of certificate that the connector names",
        meaning="Exchange passes over certificates that it cannot use for SMTP, as if they were not there.",
        cause="A certificate that was made for something else, or with the default key type of a tool.",
        remedy=_REPLACE,
        exchange_online=STARTTLS_REQUIRED,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "elliptic": Cause(
                title="The certificate that the connector names has an elliptic-curve key",
                meaning=(
                    "As far as is known, Exchange takes such keys only since the hotfix update of April 2024 for "
                    "Exchange 2019 CU14, and in the Subscription Edition, and only where an override switches that on. "
                    "Otherwise it behaves as if there were no such certificate. Whether yours does, the wire tells."
                ),
                remedy=(
                    "Have the certificate issued for an RSA key of 2048 bits or more; certbot: --key-type rsa.",
                    *_REPLACE,
                ),
            ),
            "usage": Cause(
                title="The certificate that the connector names is not made for servers",
                meaning=(
                    "Its extended key usage lacks serverAuth. Exchange and Exchange Online ask for that, for client "
                    "certificates too: so by Exchange's code of 2013. That clientAuth is missing should harm nothing "
                    "there; Microsoft has not said so."
                ),
                remedy=("Have it issued with serverAuth in its extended key usage.", *_REPLACE),
                exchange_online=refusal("WrongUsage"),
                hresult="CERT_E_WRONG_USAGE 0x800B0110",
            ),
        },
    ),
    Entry(
        code="installed-certificate-not-for-smtp",
        title="The certificate that the connector names is not enabled for SMTP",
        meaning=(
            "Older advice has it that the service flag is needed; Microsoft's text of today says that a certificate "
            "named by a connector does not need it. To enable it does no harm."
        ),
        cause="The certificate was imported, and Enable-ExchangeCertificate not run for SMTP.",
        remedy=(
            "Enable it. Line by line: if asked whether to overwrite the default SMTP certificate, answer No:",
            "    Enable-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>' -Services SMTP",
        ),
        references=(_GET_EXCHANGE,),
    ),
    Entry(
        code="installed-certificates-alike",
        title="Several certificates of a server have the same issuer and subject",
        meaning=(
            "A connector stores issuer and subject alone, so whichever names one of them names all. Which of them "
            "Exchange takes then cannot be told from the export; and whether a connector names them, its own export "
            "says."
        ),
        cause="A renewal by the same CA under the same subject, with the old certificate left in place.",
        remedy=_REMOVE_UNUSED,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "expired-among-them": Cause(
                title="Of several certificates of one name, one has expired",
                meaning=(
                    "A connector stores issuer and subject alone, so whichever names the current one names the expired "
                    "one as well. Exchange should pass over that, and has been seen not to: the choice is kept in "
                    "memory until transport restarts. Whether a connector names them, its own export says."
                ),
                remedy=_REMOVE_UNUSED,
            ),
            "several-current": Cause(
                title="Several certificates of one name are installed",
                meaning=(
                    "A connector stores issuer and subject alone, so whichever names one of them names all. The code "
                    "of 2013 took the first valid one, Microsoft's text of today says the one that expires last."
                ),
                remedy=_REMOVE_UNUSED,
            ),
        },
    ),
    Entry(
        code="installed-certificate-out-of-date",
        title="An installed certificate is out of date, or nearly",
        meaning=(
            "No connector was exported, so it is not known whether one names it. If one does, Exchange Online refuses "
            "it, and so does every sender that checks."
        ),
        cause="It was not renewed, or it was left in place when another took over.",
        remedy=_RENEW,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "expired": Cause(
                title="An installed certificate has expired",
                meaning=(
                    "No connector was exported, so it is not known whether one names it. If one does, Exchange Online "
                    "refuses it, and so does every sender that checks."
                ),
                remedy=_RENEW,
            ),
            "expires-soon": Cause(
                title="An installed certificate expires soon",
                meaning=(
                    "No connector was exported, so it is not known whether one names it. If one does, the renewed one "
                    "has to be on every server before, and if its issuer or subject is another, the connectors have "
                    "to be told."
                ),
                remedy=_RENEW,
            ),
        },
    ),
)
