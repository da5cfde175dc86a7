"""What is only seen from look to look: that a certificate or a policy is not the one of before.

The judge never says so, for it knows one look. The comparison of two does, under these codes.
"""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.sts_policy import FETCH_POLICY
from probe.judge.catalogue.words import HYBRID_CERTIFICATES, RESTART, SHOW_CERTIFICATES, USE_CERTIFICATE

_WHO_HAS_IT = (
    "Look for the new thumbprint among the installed certificates:",
    *SHOW_CERTIFICATES,
)
_DEVICE = "If no server has it, a load balancer or gateway ends TLS: pass TCP through, or install it there."
_TELL_SENDERS = (
    "Where a TLSA record names the certificate or its key, see that it still holds:",
    "    probe '<TARGET>' --dane require",
)
_CONNECTORS = "Connectors on premises name a certificate by issuer and subject: give them the new pair."

DUTY = (
    Entry(
        code="certificate-changed",
        title="The certificate is another one than before",
        meaning=(
            "The server presents a leaf certificate that it had not shown before, nor in the seven days before that. "
            "It is a note where it was expected, or where names and issuer's organisation are those of the old one. "
            "Exchange Online compares names and chain, and neither thumbprint nor issuer; connectors on premises name "
            "their certificate by issuer and subject, and DANE by certificate or key."
        ),
        cause="A renewal; or another server, or a device in between, that answers now.",
        remedy=(*_WHO_HAS_IT, _DEVICE),
        references=(HYBRID_CERTIFICATES, "RFC 7671 §8"),
        causes={
            "expected": Cause(
                title="The certificate changed to one that was expected",
                meaning="Its thumbprint is one of those in the configuration: the change went as planned.",
                remedy=("Once every server shows it, take the old thumbprint out of the configuration.",),
            ),
            "renewed": Cause(
                title="The certificate was renewed",
                meaning=(
                    "It has the names of the old one, and the same organisation issued it. The issuing certificate may "
                    "be another one all the same, as many CAs change it with each renewal: a connector on premises "
                    "that names the old issuer does not find the new certificate (event 12014)."
                ),
                remedy=(_CONNECTORS, *USE_CERTIFICATE, *_TELL_SENDERS),
            ),
            "issuer-changed": Cause(
                title="The certificate changed, and another organisation issued it",
                meaning=(
                    "It has the names of the old one and comes from another CA. If you changed the CA, connectors on "
                    "premises have to be told. If you did not, somebody else got a certificate for your names, or a "
                    "device in between makes its own."
                ),
                remedy=(*_WHO_HAS_IT, _DEVICE, _CONNECTORS, *USE_CERTIFICATE),
            ),
            "names-changed": Cause(
                title="The certificate changed, and lacks names of the old one",
                meaning=(
                    "The same organisation issued it, and it does not stand for every name that the old one stood for. "
                    "Whoever connects by one of those names refuses it: Exchange Online with SubjectMismatch."
                ),
                remedy=(
                    *_WHO_HAS_IT,
                    "If the names are still in use, have it issued again with all of them, and put that to use.",
                    *USE_CERTIFICATE,
                ),
            ),
            "names-and-issuer-changed": Cause(
                title="Quite another certificate is presented",
                meaning=(
                    "Neither names nor issuer are those of the old one: Exchange's own self-signed certificate, a "
                    "gateway's, a new server's, or a stranger's."
                ),
                remedy=(*_WHO_HAS_IT, _DEVICE, *USE_CERTIFICATE),
            ),
            "not-expected": Cause(
                title="The certificate changed to one that is not expected",
                meaning=(
                    "It is none of those that the configuration, or a connector, expects. "
                    "Names may still fit and mail may still flow; but something answers that was not meant to, or the "
                    "expectation was not brought up to date."
                ),
                remedy=(
                    *_WHO_HAS_IT,
                    _DEVICE,
                    "If it is the renewed one, write its thumbprint into the configuration, beside the old one.",
                    "If it is an older one, the server still holds it in memory: restart transport.",
                    *RESTART,
                ),
            ),
        },
    ),
    Entry(
        code="policy-changed",
        title="The MTA-STS policy is another one than before",
        meaning=(
            "Mode, max_age or the list of MX hosts changed. Senders that remember the old one go by it until the "
            "record has a new id, or max_age is over. It is a note, unless mail is less protected than before."
        ),
        cause="Somebody edited the policy, or it is not served any more.",
        remedy=FETCH_POLICY,
        references=("RFC 8461 §3.2", "RFC 8461 §8.1", "RFC 8461 §8.3"),
        causes={
            "weakened": Cause(
                title="The MTA-STS policy protects less than before",
                meaning=(
                    "The mode went from enforce to testing or none, or from testing to none, or there is no policy any "
                    "more. Under enforce a sender delivers to nobody who is not proven to be the domain's host; now an "
                    "attacker on the way may again strip TLS, once senders have forgotten the old policy. Whoever "
                    "means to give MTA-STS up goes through mode none (RFC 8461 §8.3)."
                ),
                remedy=(
                    *FETCH_POLICY,
                    "If nobody meant it, serve the old policy again, and give the record a new id:",
                    '    _mta-sts.<DOMAIN>. 3600 IN TXT "v=STSv1; id=<ID>;"',
                ),
            ),
            "published": Cause(
                title="There is an MTA-STS policy now",
                meaning="Before, there was none. Senders that know MTA-STS go by it from now on.",
                remedy=("Look whether every MX host keeps it, before the mode is enforce:", "    probe '<DOMAIN>'"),
            ),
            "edited": Cause(
                title="The MTA-STS policy was edited",
                meaning=(
                    "Mode, max_age or the list of MX hosts is another one, and mail is protected no less. Senders "
                    "that remember the old one take note only if the record has a new id."
                ),
                remedy=("See that the record has a new id:", "    dig +short TXT _mta-sts.<DOMAIN>"),
            ),
        },
    ),
)
