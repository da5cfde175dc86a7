"""Findings about what was promised: the certificate that a connector or the user expects."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.inbound_named import SEND_NAMED
from probe.judge.catalogue.installed import INSTALLED
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    IMPORT_CERTIFICATE,
    RESTART,
    SHOW_CERTIFICATES,
    STARTTLS_REQUIRED,
    USE_CERTIFICATE,
)

# Where a connector names a certificate that is not to be found: STARTTLS is gone for those who send to the server, and
# the server itself cannot send.
_NAME_STALE = (
    *STARTTLS_REQUIRED,
    "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.",
)
_KB_256 = "Microsoft KB 4052493 (TlsCertificateName longer than 256 characters)"
_EXPECT_NAME = (
    "If the presented certificate is the right one, the expectation is old. Take the pair from the server:",
    "    $c = Get-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>'",
    "    '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
)

CONNECTOR = (
    Entry(
        code="connector-certificate-matches",
        title="The presented certificate is the expected one",
        meaning=(
            "Its thumbprint, or its issuer and subject, are the expected ones. A connector itself stores no "
            "thumbprint: on the server it stores issuer and subject, in Exchange Online a name. It does not prove that "
            "the key is usable for sending, nor that every server behind this address shows the same certificate."
        ),
        cause="Server and expectation agree.",
        references=(HYBRID_CERTIFICATES,),
    ),
    Entry(
        code="connector-certificate-mismatch",
        title="The presented certificate is not the expected one",
        meaning=(
            "The server shows another certificate than the connector, or you, expect. Names may still fit and mail may "
            "still flow; but something answers that was not meant to, or the expectation was not brought up to date. "
            "Exchange Online compares neither thumbprint nor issuer and subject, only the names: it reports nothing "
            "unless a name or the chain is wrong as well."
        ),
        cause="A renewal that reached only one side, transport not restarted, or a device in between that ends TLS.",
        remedy=(
            "Look for the presented thumbprint among the installed certificates:",
            *SHOW_CERTIFICATES,
            *USE_CERTIFICATE,
        ),
        references=(HYBRID_CERTIFICATES, _KB_256),
        causes={
            "thumbprint-differs": Cause(
                title="The presented certificate has another thumbprint",
                meaning=(
                    "It is another certificate, be it a renewal, an older one or a stranger's. Exchange Online does "
                    "not compare thumbprints: it reports nothing unless the name or the chain is wrong as well."
                ),
                remedy=(
                    "Look for the presented thumbprint among the installed certificates:",
                    *SHOW_CERTIFICATES,
                    "If no server has it, a load balancer or gateway ends TLS: pass TCP through, or install it there.",
                    "If it is the old one, the server still holds it in memory: restart transport.",
                    *RESTART,
                    "If it is the renewed one, expect both during the change:",
                    "    probe '<TARGET>' --expect-thumbprint '<OLD-THUMBPRINT>' --expect-thumbprint '<THUMBPRINT>'",
                    "If the connector names the wrong certificate:",
                    *USE_CERTIFICATE,
                ),
            ),
            **INSTALLED,
            **SEND_NAMED,
            "issuer-differs": Cause(
                title="The subject is the expected one, the issuer is not",
                meaning=(
                    "The CA has renewed the certificate from another intermediate, as many now do with each renewal. A "
                    "connector that names the old issuer does not find the new certificate: once the old one is gone "
                    "or expired, Exchange stops offering STARTTLS (event 12014) and cannot send. Then come these "
                    "words; Exchange Online itself does not compare issuers."
                ),
                remedy=(
                    "Give the connectors the new issuer and subject, and do so after every renewal.",
                    *USE_CERTIFICATE,
                    *_EXPECT_NAME,
                ),
                exchange_online=_NAME_STALE,
            ),
            "subject-differs": Cause(
                title="The issuer is the expected one, the subject is not",
                meaning=(
                    "It is a certificate for another subject by the same CA: an older one, a neighbour's, or one "
                    "ordered with other particulars. S and ST, order and quoting were evened out before comparing, so "
                    "the difference is real; the finding says in which part. A connector whose name fits no "
                    "certificate makes Exchange stop offering STARTTLS (event 12014), and it cannot send: then come "
                    "these words. SubjectMismatch comes only if a name is wrong as well."
                ),
                remedy=(
                    "See which of the installed certificates has the expected subject:",
                    *SHOW_CERTIFICATES,
                    *USE_CERTIFICATE,
                    *_EXPECT_NAME,
                ),
                exchange_online=_NAME_STALE,
            ),
            "issuer-and-subject-differ": Cause(
                title="Neither issuer nor subject is the expected one",
                meaning=(
                    "Quite another certificate answers: Exchange's own self-signed one, a gateway's, or that of a new "
                    "CA. If a name is wrong too, Exchange Online refuses it with SubjectMismatch. A connector whose "
                    "name fits no certificate makes Exchange stop offering STARTTLS (event 12014), and it cannot send: "
                    "then come these words."
                ),
                remedy=(
                    "Look for the presented thumbprint among the installed certificates:",
                    *SHOW_CERTIFICATES,
                    "If no server has it, find the device that ends TLS at this address, and let it pass TCP through.",
                    *USE_CERTIFICATE,
                    *_EXPECT_NAME,
                ),
                exchange_online=_NAME_STALE,
            ),
        },
    ),
    Entry(
        code="address-drift",
        title="One host shows different certificates",
        meaning=(
            "Its addresses, or repeated connections to one address, present different certificates. With short "
            "lifetimes and large services that is normal. Where only some of them are in order, part of the mail "
            "fails, and which part is chance."
        ),
        cause="Several servers behind one name or one load balancer, of which a renewal reached only some.",
        remedy=(
            "See what each address shows, several times:",
            "    probe '<HOST>:25' --repeat 8",
            "Bring the good certificate to every server:",
            *IMPORT_CERTIFICATE,
            *USE_CERTIFICATE,
        ),
        references=("RFC 5321 §5.1", HYBRID_CERTIFICATES),
    ),
)
