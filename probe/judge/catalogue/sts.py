"""Findings about MTA-STS: the record, what is remembered, and the hosts under a policy."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.sts_policy import EXCHANGE_STS, FETCH_POLICY, POLICY_TEXT, STS_POLICY
from probe.judge.catalogue.words import NDR_LIST

_RECORD = '    _mta-sts.<DOMAIN>. 3600 IN TXT "v=STSv1; id=<ID>;"'
_PUBLISH = (
    "Publish exactly one TXT record, with an id of up to 32 letters and digits, such as date and time:",
    _RECORD,
    "See that it is alone and whole:",
    "    Resolve-DnsName '_mta-sts.<DOMAIN>' -Type TXT -Server '<PUBLIC-RESOLVER>'",
)
_RAISE = (
    "Change the policy first. Once it is served everywhere, give the record a new id (RFC 8461 section 8.1):",
    _RECORD,
)
_VOID = "Senders that remember no policy of this domain deliver as if it had none: no mail stops, the promise is void."
# The same however it came about: the finding says by what.
_NO_WORDS = "Exchange Online reports nothing: it applies no policy."

STS = (
    Entry(
        code="sts-absent",
        title="The domain does not promise MTA-STS",
        meaning=(
            "There is no TXT record for it. Senders use TLS where they find it, and whoever stands in between can take "
            "it away, or show any certificate; unless DANE says otherwise."
        ),
        cause="It was never set up, or is not wanted.",
        remedy=(
            "If senders are to insist on TLS, serve this text, in testing mode at first:",
            *POLICY_TEXT,
            *FETCH_POLICY,
            *_PUBLISH,
        ),
        references=("RFC 8461 §3.1", EXCHANGE_STS),
    ),
    Entry(
        code="sts-record-invalid",
        title="The MTA-STS record is not valid",
        meaning=f"{_VOID} Those that remember one go on by it. {_NO_WORDS}",
        cause="A record copied with a mistake, a second one left over, or quotes and blanks added by a web form.",
        remedy=_PUBLISH,
        references=("RFC 8461 §3.1", EXCHANGE_STS),
        causes={
            "several": Cause(
                title="There is more than one MTA-STS record",
                meaning=f"Exactly one record may begin with v=STSv1; at this name. {_VOID}",
                remedy=("Delete all but one of them, the one with the current id.", *_PUBLISH),
            ),
            "version": Cause(
                title="The MTA-STS record does not begin with v=STSv1;",
                meaning=(
                    "A record that does not begin so is passed over, whatever else it says; case and blanks count. "
                    f"{_VOID}"
                ),
                remedy=(
                    "Write v=STSv1; first, in just these letters. Quotes are the web form's business, not yours.",
                    *_PUBLISH,
                ),
            ),
            "id": Cause(
                title="The id of the MTA-STS record is missing or wrong",
                meaning=f"It takes 1 to 32 letters and digits; no hyphen, no colon, no blank. {_VOID}",
                remedy=_PUBLISH,
            ),
            "syntax": Cause(
                title="The MTA-STS record does not hold to the grammar",
                meaning=f"It takes fields of the form name=value with a semicolon between two of them. {_VOID}",
                remedy=("Leave out everything but version and id.", *_PUBLISH),
            ),
        },
    ),
    Entry(
        code="sts-lookup-failed",
        title="The MTA-STS record could not be looked up",
        meaning=(
            "Whether there is a policy is not known. Senders that cannot look it up either go by the policy that they "
            "remember, or as if there were none."
        ),
        cause="Name servers that do not answer or refuse names with an underscore, or broken DNSSEC signatures.",
        remedy=(
            "Ask with and without DNSSEC checking. If only the second answers, the zone's signatures are broken:",
            "    dig _mta-sts.<DOMAIN> TXT",
            "    dig +cd _mta-sts.<DOMAIN> TXT",
        ),
        references=("RFC 8461 §3.1", "RFC 8461 §3.3", "RFC 4035 §5"),
    ),
    Entry(
        code="sts-required",
        title="MTA-STS is required and not in force",
        meaning="It was asked for with --mta-sts require. Senders do not insist on TLS to this domain.",
        cause="It is not set up, it broke, or it was left in testing; or nobody looked.",
        remedy=("Serve the policy:", *POLICY_TEXT, *_RAISE),
        references=("RFC 8461 §5",),
        causes={
            "no-record": Cause(
                title="MTA-STS is required and there is no record",
                meaning="Senders look for a TXT record first, and without it for nothing else.",
                remedy=("Serve the policy, then publish the record:", *POLICY_TEXT, *_PUBLISH),
            ),
            "no-policy": Cause(
                title="MTA-STS is required and there is no policy that counts",
                meaning="Record or policy are broken, as another finding says, and none is remembered.",
                remedy=("Mend what the other finding says, then probe again:", "    probe <DOMAIN> --mta-sts require"),
            ),
            "mode-none": Cause(
                title="MTA-STS is required and the policy's mode is none",
                meaning="It tells senders to do as if there were no policy. That is how MTA-STS is taken back.",
                remedy=("Serve a policy in mode enforce:", *POLICY_TEXT, *_RAISE),
            ),
            "mode-testing": Cause(
                title="MTA-STS is required and the policy is in testing",
                meaning="Senders report what fails, and deliver all the same.",
                remedy=(
                    "When the reports show no failures, change the mode to enforce:",
                    "    mode: enforce",
                    *_RAISE,
                ),
            ),
            "not-asked": Cause(
                title="MTA-STS is required and was not looked for",
                meaning="Whether it is in force is not known: this evidence was taken with --mta-sts off or --connect.",
                remedy=("Probe the domain again:", "    probe <DOMAIN> --mta-sts require"),
            ),
        },
    ),
    *STS_POLICY,
    Entry(
        code="sts-policy-remembered",
        title="A remembered policy counts, for there is no good one now",
        meaning=(
            "Senders that fetched the policy earlier go by it until the date that the finding gives, whatever has "
            "become of record and policy host since. Others see no policy. When it ends, so does the protection, "
            "unless a good one has been fetched by then."
        ),
        cause="The record was taken out, or the policy host fails: another finding says how. Or somebody interferes.",
        remedy=(
            "Bring the policy back, and the record:",
            *FETCH_POLICY,
            *_PUBLISH,
            "To give MTA-STS up, do not delete it: serve mode none under a new id for as long as max_age said.",
        ),
        references=("RFC 8461 §3.3", "RFC 8461 §5.1", "RFC 8461 §8.3"),
    ),
    Entry(
        code="sts-policy-id-unchanged",
        title="The policy was changed and the record's id was not",
        meaning=(
            "Senders fetch a policy again when the id is a new one. Those that know the old policy go by it until it "
            "ends: a host that was added is refused by them, and one that was removed is still good. Where the finding "
            "names hosts, these senders do not deliver to them today."
        ),
        cause="The text was edited and the TXT record forgotten.",
        remedy=_RAISE,
        exchange_online=("4.4.8 / 5.4.8 MX hosts of … failed MTA-STS validation",),
        references=("RFC 8461 §3.1", "RFC 8461 §8.1"),
    ),
    Entry(
        code="sts-policy-body-unchanged",
        title="The record's id was changed and the policy was not",
        meaning=(
            "Senders fetch the policy again and find what they knew. That does no harm, unless the policy was meant to "
            "change: then the policy host still serves the old text."
        ),
        cause="A new id by routine; or the record was changed before the policy, or a cache serves an old one.",
        remedy=("If the policy was to change, look at what is served:", *FETCH_POLICY),
        references=("RFC 8461 §3.1", "RFC 8461 §8.1"),
    ),
    Entry(
        code="mx-not-in-policy",
        title="The MTA-STS policy does not name this MX host",
        meaning=(
            "In mode enforce, senders that honour MTA-STS do not deliver to it, however good its certificate; in "
            "testing they report it. A wildcard covers one label: *.mx.microsoft does not cover "
            "contoso-com.k-v1.mx.microsoft."
        ),
        cause="The MX record was changed, to a new provider or to another name, and the policy was not.",
        remedy=(
            "Add the line that the finding gives to the policy, one pattern a line:",
            "    mx: <HOST>",
            *_RAISE,
            "Senders that remember the old policy ask for a new one before they give up; the new id tells them.",
        ),
        exchange_online=("4.4.8 / 5.4.8 MX hosts of … failed MTA-STS validation",),
        tlsrpt="validation-failure",
        references=("RFC 8461 §4.1", "RFC 8460 §4.3.1", EXCHANGE_STS, NDR_LIST),
    ),
    Entry(
        code="sts-host-accepted",
        title="The MX host is what the MTA-STS policy asks for",
        meaning=(
            "The policy names it, it offers STARTTLS, and its certificate leads to a trusted root and is for its name, "
            "at every address that was seen. Whose roots a sender trusts is its own business."
        ),
        cause="Policy, MX record and certificate agree.",
        references=("RFC 8461 §4.1", "RFC 8461 §4.2"),
    ),
)
