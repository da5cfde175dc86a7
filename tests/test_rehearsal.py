"""Rehearsing a renewal: what would break, what would not, the steps in order, and the ways back."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from fixtures.build import AT, HOST, evidence, failed, seen
from fixtures.certificates import sample
from fixtures.promised import DOMAIN, ENFORCE, TESTING, domain, fetched, host, policy, record, response, tlsa
from probe import cli, config
from probe.judge.catalogue import CATALOGUE, explain
from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors
from probe.judge.hybrid.rehearsal import Rehearsal, Step, rehearse
from probe.judge.standard import Standard
from probe.model import (
    AcceptedDomain,
    Evidence,
    ExchangeCertificate,
    ExchangeServer,
    Finding,
    Gap,
    Kind,
    Many,
    Observation,
    Organisation,
    OutboundConnector,
    Outcome,
    ReceiveConnector,
    Stage,
    Verdict,
)
from probe.report.layout import plain
from probe.report.rehearsal import filled, render
from probe.report.rehearsal_json import schema, to_json
from probe.report.wording import cause, sentence
from tests import pki

ROOM = Path(__file__).resolve().parent.parent / "fixtures" / "exchange"
EXPORTS = [ROOM / "exports" / "org" / name for name in ("onprem.json", "exo.json")]
BEFORE = datetime(2026, 10, 25, 12, tzinfo=UTC)  # old and renewed are both valid then

ROOT, INT2025, INT2026 = sample("root"), sample("int2025"), sample("int2026")
OLD, SAME, NEW = sample("old"), sample("renewed_same"), sample("renewed_newissuer")
OLD_PRINT = "3A1268A55C8D7FF3B37044A58E82A139AC9B8175"
SAME_PRINT = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
NEW_PRINT = "FBAC8F57D56D72876131291BD96C0D847D392237"
PAIR = (
    '<I>CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
    "<S>CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
)
OUTBOUND = "Outbound to 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"
INBOUND = "Inbound from 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"
SEND = "Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"

AUTHORITY = pki.Authority.root("CN=Rehearsal Root,O=Probe Tests,C=GB")
ISSUING = AUTHORITY.intermediate("CN=Rehearsal CA,O=Probe Tests,C=GB")
ROOTS = Anchors(label="test roots", der=(ROOT, AUTHORITY.der))
SPAN: dict[str, Any] = {"not_before": BEFORE - timedelta(days=5), "not_after": BEFORE + timedelta(days=190)}


@cache
def contoso() -> Organisation:
    """The organisation of the fixtures: renewed_same on both servers, everything in order."""
    return config.organisation(EXPORTS)


def installed(der: bytes, server: str, **changes: Any) -> ExchangeCertificate:
    """A certificate as an export with RawData tells of it."""
    found = parse(der)
    assert isinstance(found, Certificate)
    return ExchangeCertificate(
        **{
            "thumbprint": found.sha1.upper(),
            "server": server,
            "subject": found.subject,
            "issuer": found.issuer,
            "not_before": found.not_before,
            "not_after": found.not_after,
            "services": Many(items=("IIS", "SMTP")),
            "has_private_key": True,
            "is_self_signed": found.self_signed,
            "der": der,
            **changes,
        }
    )


@cache
def before() -> Organisation:
    """The same in autumn: the old certificate is in use, of the same issuer and subject as renewed_same."""
    return using(OLD)


def using(*der: bytes, **changes: Any) -> Organisation:
    """With these certificates on both servers."""
    held = tuple(installed(one, server) for server in ("EX01", "EX02") for one in (*der, sample("selfsigned")))
    return replace(contoso(), **{"certificates": held, **changes})


def leaf(*names: str, subject: str | None = None, by: pki.Authority = ISSUING, **changes: Any) -> bytes:
    """A next certificate of our own."""
    wanted: dict[str, Any] = {"key": "rsa2048", **SPAN, **changes}
    return by.leaf(names=names or (HOST,), subject=subject or f"CN={(names or (HOST,))[0]}", **wanted).der


def go(
    *chain: bytes,
    organisation: Organisation | None = None,
    at: datetime = BEFORE,
    see: Sequence[Evidence] = (),
    roots: Anchors = ROOTS,
) -> Rehearsal:
    standard = Standard(next_certificate=chain)
    return rehearse(organisation or before(), chain, standard, roots, at, see)


def told(rehearsal: Rehearsal) -> set[tuple[str, str | None, Verdict]]:
    return {(found.code, cause(found), found.verdict) for found in rehearsal.findings}


def bad(rehearsal: Rehearsal) -> set[tuple[str, str | None]]:
    return {(code, why) for code, why, verdict in told(rehearsal) if verdict is not Verdict.OK}


def find(rehearsal: Rehearsal, code: str, why: str | None = None) -> Finding:
    found = [one for one in rehearsal.findings if one.code == code and (why is None or cause(one) == why)]
    assert found, f"{code} {why} is not among {told(rehearsal)}"
    return found[0]


def commands(steps: Sequence[Step]) -> list[str]:
    return [command for step in steps for command in filled(step)[1]]


def stages(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(step.key for step in steps))


# The three ways in which a renewal goes.


def test_same_issuer_and_subject_is_installed_and_transport_restarted() -> None:
    found = go(SAME, INT2025)
    assert bad(found) == {("rehearsal-same-name", "both-valid")}
    assert found.verdict is Verdict.WARN
    assert {one.where.name for one in found.findings if one.code == "rehearsal-connector"} == {
        SEND,
        "EX01\\Default Frontend EX01",
        "EX02\\Default Frontend EX02",
    }
    twins = find(found, "rehearsal-same-name", "both-valid")
    assert twins.fact("others") == OLD_PRINT
    assert stages(found.steps)[:6] == ["import", "key", "enable", "restart", "verify", "unname"]
    # To remove one of two of the same name, the name goes first and comes back at last.
    assert stages(found.steps)[5:] == ["unname", "remove", "receive-again", "send-again", "restart-again"]
    assert find(found, "rehearsal-not-looked").verdict is Verdict.OK
    text = " ".join(plain(render(found)).split())
    assert "nothing else has to change" not in text
    assert "which of them is used is doubtful, the first valid one (code of 2013) or the one that ends last" in text


def test_a_new_issuer_breaks_every_connector_that_names_the_old_one() -> None:
    found = go(NEW, INT2026)
    assert bad(found) == {
        ("rehearsal-connector", "issuer-changes"),
        ("rehearsal-intermediate", "new"),
        ("rehearsal-hybrid-configuration", "stale"),
    }
    assert found.verdict is Verdict.FAIL
    fault = find(found, "rehearsal-connector")
    assert fault.fact("differs") == "CN: expected `Fabrikam TLS RSA CA 2025`, found `Fabrikam TLS RSA CA 2026`"
    assert fault.fact("until") == "2026-11-02 23:59:59 UTC"
    order = ["import", "intermediate", "key", "enable", "receive", "send", "restart", "verify", "wizard", "remove"]
    assert stages(found.steps) == order


def test_a_new_subject_is_told_from_a_new_issuer() -> None:
    other_subject = leaf(HOST, subject="CN=mail.contoso.com,O=Contoso Limited,C=GB")
    assert ("rehearsal-connector", "issuer-and-subject-change") in bad(go(other_subject, ISSUING.der))
    named = replace(
        before().receive[0],
        tls_certificate_name="<I>CN=Rehearsal CA, O=Probe Tests, C=GB<S>CN=mail.contoso.com, O=Contoso Ltd, C=GB",
    )
    found = go(other_subject, ISSUING.der, organisation=replace(before(), receive=(named,)))
    assert find(found, "rehearsal-connector", "subject-changes").fact("differs") == (
        "O: expected `Contoso Ltd`, found `Contoso Limited`"
    )


def test_order_and_spelling_of_the_name_do_not_count() -> None:
    reversed_name = PAIR.replace(
        "<S>CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB",
        "<S>C=GB, ST=Berkshire, L=Reading, O=contoso  ltd, CN=MAIL.contoso.com",
    )
    receive = replace(before().receive[0], tls_certificate_name=reversed_name)
    found = go(SAME, INT2025, organisation=replace(before(), receive=(receive,)))
    assert {one.verdict for one in found.findings if one.code == "rehearsal-connector"} == {Verdict.OK}


def test_an_issuer_left_out_does_not_change() -> None:
    subject_alone = f"<S>{PAIR.partition('<S>')[2]}"
    receive = replace(before().receive[0], tls_certificate_name=subject_alone)
    found = go(NEW, INT2026, organisation=replace(before(), receive=(receive,)))
    verdicts = {one.where.name: one.verdict for one in found.findings if one.code == "rehearsal-connector"}
    assert verdicts["EX01\\Default Frontend EX01"] is Verdict.OK
    assert verdicts[SEND] is Verdict.FAIL


# The certificate itself.


def test_the_exchange_default_is_self_signed_and_for_nothing_here() -> None:
    found = go(sample("selfsigned"), organisation=using(OLD))
    assert {
        ("rehearsal-trust", "self-signed"),
        ("rehearsal-tls-domain", "not-covered"),
        ("rehearsal-sender-name", "not-covered"),
    } <= bad(found)
    assert found.steps[0].key == "stop"
    assert found.steps[0].answers == ("rehearsal-trust",)


def test_an_old_file_is_noticed() -> None:
    found = go(OLD, INT2025, organisation=contoso(), at=AT)
    fault = find(found, "rehearsal-dates", "expired")
    assert (fault.verdict, fault.fact("days_ago")) == (Verdict.FAIL, "18")
    assert "ends-first" not in {why for _, why in bad(found)}
    late = go(OLD, INT2025, organisation=using(SAME), at=BEFORE)
    assert find(late, "rehearsal-dates", "ends-first").verdict is Verdict.WARN


def test_an_authority_is_no_leaf() -> None:
    found = go(INT2026)
    assert find(found, "rehearsal-file", "authority").verdict is Verdict.FAIL
    assert found.steps[0].key == "stop"


def test_more_than_one_leaf_in_the_file() -> None:
    found = go(NEW, INT2026, OLD)
    fault = find(found, "rehearsal-file", "several-leaves")
    assert (fault.verdict, fault.fact("number")) == (Verdict.WARN, "1")
    assert found.next.sha1.upper() == NEW_PRINT


def test_dates_leave_a_gap_or_an_overlap() -> None:
    assert find(go(SAME, INT2025), "rehearsal-overlap").fact("days_left") == "8"
    late = leaf(not_before=datetime(2026, 11, 5, tzinfo=UTC))
    found = go(late, ISSUING.der)
    assert find(found, "rehearsal-overlap", "gap").verdict is Verdict.FAIL
    assert find(found, "rehearsal-dates", "not-yet-valid").fact("days_ahead") == "10"
    assert "wait" in stages(found.steps)
    local = tuple(replace(one, dates_local=True) for one in before().certificates)
    near = leaf(not_before=datetime(2026, 11, 3, 10, tzinfo=UTC))
    assert ("rehearsal-overlap", "gap") in bad(go(near, ISSUING.der))
    assert ("rehearsal-overlap", "gap") not in bad(go(near, ISSUING.der, organisation=using(certificates=local)))


def test_when_the_old_one_has_expired_there_is_no_way_back() -> None:
    found = go(NEW, INT2026, at=AT)
    assert find(found, "rehearsal-overlap", "too-late").verdict is Verdict.WARN
    assert found.back[0].key == "too-late"
    assert "2026-11-02" in found.back[0].instruction
    assert go(NEW, INT2026).back[0].key != "too-late"


def test_an_unknown_root_names_the_list() -> None:
    found = go(NEW, INT2026, roots=Anchors(label="a short list", der=(AUTHORITY.der,)))
    fault = find(found, "rehearsal-trust", "unknown-root")
    assert (fault.verdict, fault.fact("roots")) == (Verdict.FAIL, "a short list")


def test_a_path_that_does_not_hold() -> None:
    narrow = ISSUING.intermediate("CN=Below,O=Probe Tests,C=GB")  # its issuer has path length 0
    found = go(leaf(by=narrow), narrow.der, ISSUING.der)
    assert find(found, "rehearsal-trust", "path-invalid").verdict is Verdict.FAIL


def test_an_expired_intermediate() -> None:
    stale = AUTHORITY.intermediate("CN=Stale CA,O=Probe Tests,C=GB", not_after=BEFORE - timedelta(days=1))
    assert find(go(leaf(by=stale), stale.der), "rehearsal-trust", "issuer-expired").verdict is Verdict.FAIL


def test_whether_servers_hold_the_intermediate_is_not_known_from_outside() -> None:
    alone = go(NEW)
    fault = find(alone, "rehearsal-intermediate", "not-in-file")
    assert (fault.verdict, fault.fact("as_today")) == (Verdict.WARN, None)
    assert not any(one.code == "rehearsal-trust" for one in alone.findings)
    look = [line for line in commands(alone.steps) if "LocalMachine\\CA" in line and "Get-ChildItem" in line]
    assert len(look) == 2
    assert (
        "Where-Object Subject -eq 'CN=Fabrikam TLS RSA CA 2026, O=\"Fabrikam Trust Services, Inc.\", C=US' }" in look[0]
    )
    assert find(go(SAME), "rehearsal-intermediate", "not-in-file").fact("as_today") == "yes"
    by_print = [line for line in commands(go(NEW, INT2026).steps) if "Get-ChildItem" in line]
    assert "Thumbprint -eq '66F3C2F09C13D52A74B1DD0DCFDDBEE4471A9AC8'" in by_print[0]
    sent = evidence(seen(OLD, INT2025))
    assert find(go(SAME, see=[sent]), "rehearsal-intermediate", "sent-today").verdict is Verdict.OK
    assert find(go(leaf(by=AUTHORITY)), "rehearsal-trust").verdict is Verdict.OK  # right below the root


def _own_key(key: Any) -> bytes:
    """A certificate with a key that the authorities of the tests do not make."""
    builder = x509.CertificateBuilder(
        issuer_name=ISSUING.certificate.subject,
        subject_name=x509.Name.from_rfc4514_string("CN=mail.contoso.com"),
        public_key=key.public_key(),
        serial_number=5,
        not_valid_before=SPAN["not_before"],
        not_valid_after=SPAN["not_after"],
    )
    return builder.sign(ISSUING.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("make", "code", "why", "verdict"),
    [
        (lambda: leaf(eku=(pki.CLIENT_AUTH,)), "rehearsal-usage", "no-server-auth", Verdict.FAIL),
        (lambda: leaf(eku=(pki.SERVER_AUTH,)), "rehearsal-usage", "no-client-auth", Verdict.OK),
        (lambda: leaf(eku=(pki.SERVER_AUTH, pki.CLIENT_AUTH)), "rehearsal-usage", None, Verdict.OK),
        (lambda: leaf(eku=()), "rehearsal-usage", None, Verdict.OK),
        (lambda: leaf(key="ec"), "rehearsal-key", "ecdsa", Verdict.WARN),
        (lambda: leaf(key="rsa1024"), "rehearsal-key", "weak", Verdict.FAIL),
        (lambda: _own_key(ed25519.Ed25519PrivateKey.generate()), "rehearsal-key", "other", Verdict.FAIL),
        (lambda: leaf(signature="sha1"), "rehearsal-signature", None, Verdict.FAIL),
        (lambda: leaf(HOST, subject="O=Contoso Ltd"), "rehearsal-unnameable", None, Verdict.FAIL),
        (lambda: leaf(HOST, subject="CN=Contoso Mail"), "rehearsal-unnameable", None, Verdict.FAIL),
    ],
)
def test_what_makes_a_certificate_unfit(
    make: Callable[[], bytes], code: str, why: str | None, verdict: Verdict
) -> None:
    found = find(go(make(), ISSUING.der), code)
    assert (cause(found), found.verdict) == (why, verdict)


def test_a_key_that_may_do_nothing() -> None:
    key = ISSUING.leaf(names=(HOST,), key="rsa2048", **SPAN)
    barren = x509.KeyUsage(False, True, False, False, False, False, False, False, False)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(ISSUING.certificate.subject)
        .subject_name(key.certificate.subject)
        .public_key(key.private_key.public_key())
        .serial_number(7)
        .not_valid_before(SPAN["not_before"])
        .not_valid_after(SPAN["not_after"])
        .add_extension(barren, critical=True)
    )
    der = builder.sign(ISSUING.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert find(go(der, ISSUING.der), "rehearsal-usage", "key-usage").verdict is Verdict.FAIL


def test_behind_an_edge_server_the_default_front_ends_are_left_as_they_are() -> None:
    hybrid = before().hybrid
    assert hybrid is not None
    fronts = tuple(
        replace(found, tls_certificate_name=None, tls_domain_capabilities=None) for found in before().receive
    )
    edge = replace(
        next(found for found in before().receive if "Default Frontend EX01" in found.name),
        name="EDGE01\\Default internal receive connector EDGE01",
        server="EDGE01",
        transport_role="HubTransport",
    )
    behind = replace(
        before(),
        receive=(*fronts, edge),
        hybrid=replace(hybrid, receiving_transport_servers=Many(), edge_transport_servers=Many(("EDGE01",))),
        send=tuple(replace(one, source_transport_servers=Many(("EDGE01",))) for one in before().send),
        certificates=(*before().certificates, installed(OLD, "EDGE01")),
    )
    plan = go(NEW, INT2026, organisation=behind)
    places = {found.where.name for found in plan.findings if found.code == "rehearsal-connector"}
    assert places == {SEND, "EDGE01\\Default internal receive connector EDGE01"}
    assert not any("EX01" in command for command in commands(plan.steps) if "Set-" in command)
    here = [filled(step)[1] for step in plan.steps if step.instruction == AT_EDGE01]
    assert not any("Read-Host" in line and line.startswith("$p") for line in commands(plan.steps))  # nobody else asks
    assert here[-2] == ("Restart-Service MSExchangeTransport",)
    assert f"Remove-ExchangeCertificate -Thumbprint '{OLD_PRINT}'" in here[-1]
    (send,) = (step for step in plan.steps if step.key == "send")
    assert "Start-EdgeSynchronization" in send.why
    named = f"$n = '{PAIR.replace('2025', '2026')}'"  # no mailbox server has the certificate, and Edge cannot be asked
    assert filled(send)[1] == (named, f"Set-SendConnector '{SEND}' -TlsCertificateName $n")


AT_EDGE01 = "On EDGE01 itself, in its Exchange Management Shell:"


def _with_edge(server: str) -> Organisation:
    """Mailbox servers take Exchange Online's mail, and so does an Edge server."""
    edge = replace(
        next(found for found in before().receive if "Default Frontend EX01" in found.name),
        name=f"{server}\\Default internal receive connector",
        server=server,
        transport_role="HubTransport",
    )
    return replace(
        before(),
        receive=(*before().receive, edge),
        servers=(*before().servers, ExchangeServer(name=server, edge=True)),
        send=tuple(replace(one, source_transport_servers=Many((server, "EX01"))) for one in before().send),
        certificates=(*before().certificates, installed(OLD, server)),
    )


@pytest.mark.parametrize(
    ("server", "instruction"),
    [
        ("EDGE01", AT_EDGE01),
        ("edge01'; x '", "On edge01'; x ' itself, in its Exchange Management Shell:"),
        ("EDGE 01$(x)", "On EDGE 01$(x) itself, in its Exchange Management Shell:"),
    ],
)
def test_what_is_done_at_an_edge_server_is_done_at_its_own_console(server: str, instruction: str) -> None:
    plan, quoted = go(NEW, INT2026, organisation=_with_edge(server)), server.replace("'", "''")
    for steps in (plan.steps, plan.back):
        for step in steps:
            lines = filled(step)[1]
            if step.instruction == instruction:
                assert not any("-Server" in line or "Invoke-Command" in line or "FrontEnd" in line for line in lines)
                assert not any("EX01" in line or "SendConnector" in line for line in lines)
            else:
                assert not any(quoted in line for line in lines)
    (pointed,) = (step for step in plan.steps if step.key == "receive" and step.instruction == instruction)
    assert filled(pointed)[1] == (
        f"$c = Get-ExchangeCertificate -Thumbprint '{NEW_PRINT}'",
        "$n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
        f"Set-ReceiveConnector '{quoted}\\Default internal receive connector' -TlsCertificateName $n",
    )
    (restart,) = (step for step in plan.steps if step.key == "restart" and step.instruction == instruction)
    assert filled(restart)[1] == ("Restart-Service MSExchangeTransport",)
    assert f"$c = Get-ExchangeCertificate -Server 'EX01' -Thumbprint '{NEW_PRINT}'" in commands(plan.steps)
    (first,) = (found for found in plan.steps if found.key == "import" and found.instruction == instruction)
    assert filled(first)[1][-1] == (
        "Import-ExchangeCertificate -FileData $b -Password (Read-Host -AsSecureString 'Password of the PFX file')"
    )
    number = next(n for n, step in enumerate(plan.steps, 1) if any("Import-Ex" in line for line in step.commands))
    assert any(step.instruction.startswith(f"From step {number} on, remove the new") for step in plan.back)


def test_a_long_name_matters_where_there_are_edge_servers() -> None:
    long = leaf(subject="CN=mail.contoso.com," + ",".join(f"OU={letter * 60}" for letter in "ABCD"))
    assert find(go(long, ISSUING.der), "rehearsal-length", "no-edge-known").verdict is Verdict.OK
    edge = replace(before(), servers=(*before().servers, ExchangeServer(name="EDGE1", edge=True)))
    found = go(long, ISSUING.der, organisation=edge)
    assert find(found, "rehearsal-length", "edge").verdict is Verdict.WARN
    assert "Edge server" in plain(render(found))
    assert not any(one.code == "rehearsal-length" for one in go(SAME, INT2025, organisation=edge).findings)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 10, 18, 3, tzinfo=UTC), "it is not valid before 2026-10-19 00:00:00 UTC, 21 hours from now"),
        (datetime(2026, 10, 16, 3, tzinfo=UTC), "it is not valid before 2026-10-19 00:00:00 UTC, 2 days from now"),
        (datetime(2027, 5, 1, 22, 30, tzinfo=UTC), "until 2027-05-01 23:59:59 UTC, 1 hour left"),
        (datetime(2027, 5, 1, 23, 30, tzinfo=UTC), "until 2027-05-01 23:59:59 UTC, less than an hour left"),
        (datetime(2027, 5, 2, 23, tzinfo=UTC), "it expired 23 hours ago"),
        (datetime(2027, 5, 4, tzinfo=UTC), "it expired 2 days ago"),
    ],
)
def test_less_than_a_day_is_told_in_hours(at: datetime, said: str) -> None:
    assert said in sentence(find(go(SAME, INT2025, at=at), "rehearsal-dates"))


def test_a_date_gone_by_is_not_called_due() -> None:
    late = go(SAME, INT2025, at=datetime(2027, 2, 26, tzinfo=UTC))
    assert sentence(find(late, "rehearsal-lifetime")) == "it lives for 194 days"
    early = go(SAME, INT2025, at=datetime(2027, 2, 24, tzinfo=UTC))
    assert "the renewal after it is due on 2027-02-25" in sentence(find(early, "rehearsal-lifetime"))


def test_the_next_renewal_is_told() -> None:
    found = find(go(SAME, INT2025), "rehearsal-lifetime")
    assert (found.fact("days_lifetime"), found.fact("due")) == ("194", "2027-02-25")


# Connectors on premises.


@pytest.mark.parametrize(
    ("name", "fqdn", "why", "verdict"),
    [
        (None, "EX01.corp.contoso.com", "unnamed", Verdict.WARN),
        (None, Gap.ABSENT, "unnamed", Verdict.WARN),
        (None, "mail.contoso.com", "unnamed-covered", Verdict.OK),
        (Gap.ABSENT, HOST, "name-absent", Verdict.UNKNOWN),
        (Gap.LOST, HOST, "name-lost", Verdict.UNKNOWN),
        ("<I>CN=Fabrikam, O=...", HOST, "unreadable", Verdict.WARN),
    ],
)
def test_a_connector_without_a_name_that_can_be_compared(name: Any, fqdn: Any, why: str, verdict: Verdict) -> None:
    receive = replace(before().receive[0], tls_certificate_name=name, fqdn=fqdn)
    found = go(SAME, INT2025, organisation=replace(before(), receive=(receive,)))
    fault = next(one for one in found.findings if one.where.name == receive.name)
    assert (cause(fault), fault.verdict) == (why, verdict)
    pointed = any("Set-ReceiveConnector" in line and line.endswith("$n") for line in _until_remove(found))
    assert pointed is (verdict is not Verdict.OK)


def _until_remove(rehearsal: Rehearsal) -> Iterator[str]:
    for step in rehearsal.steps:
        if step.key in ("unname", "remove"):
            return
        yield from filled(step)[1]


def test_other_connectors_of_the_same_name_change_along_and_others_do_not() -> None:
    client = next(one for one in before().receive if one.name == "EX01\\Client Frontend EX01")
    same = replace(client, tls_certificate_name=PAIR)
    relay = ReceiveConnector(
        name="EX01\\Relay",
        server="EX01",
        enabled=True,
        tls_certificate_name="<S>CN=relay.contoso.com",
        transport_role="FrontendTransport",
        bindings=Many(items=("0.0.0.0:25",)),
        remote_ip_ranges=Many(items=("10.0.0.0/8",)),
    )
    others = tuple(one for one in before().receive if one is not client)
    found = go(NEW, INT2026, organisation=replace(before(), receive=(*others, same, relay)))
    named = {one.where.name for one in found.findings if one.code == "rehearsal-connector"}
    assert "EX01\\Client Frontend EX01" in named
    assert "EX01\\Relay" not in named
    assert not any("Relay" in line for line in commands(found.steps))


def test_a_connector_for_exchange_online_alone_is_on_the_way() -> None:
    own = replace(
        before().receive[0],
        name="EX01\\From Exchange Online",
        tls_certificate_name=None,
        remote_ip_ranges=Many(items=("198.51.100.0/24",)),
    )
    for rights, expected in ((before().receive[0].tls_domain_capabilities, True), (None, False)):
        receive = (*before().receive, replace(own, tls_domain_capabilities=rights))
        found = go(NEW, INT2026, organisation=replace(before(), receive=receive))
        assert any(one.where.name == own.name for one in found.findings) is expected


def test_an_expired_certificate_of_the_same_name_should_go() -> None:
    found = go(SAME, INT2025, at=AT)
    assert find(found, "rehearsal-same-name", "one-expired").verdict is Verdict.WARN
    assert f"Remove-ExchangeCertificate -Server 'EX02' -Thumbprint '{OLD_PRINT}'" in commands(found.steps)


def test_with_two_of_one_name_the_wire_decides_which_is_in_use() -> None:
    both = using(OLD, SAME)
    assert go(NEW, INT2026, organisation=both).today is None
    shown = evidence(seen(OLD, INT2025))
    found = go(NEW, INT2026, organisation=both, see=[shown])
    assert found.today is not None
    assert found.today.thumbprint == OLD_PRINT
    later = go(NEW, INT2026, organisation=both, at=AT)  # by now only one is valid
    assert later.today is not None
    assert later.today.thumbprint == SAME_PRINT


def test_the_one_in_use_already_leaves_nothing_to_do() -> None:
    found = go(SAME, organisation=contoso(), at=AT)
    assert (found.verdict, found.steps, found.back) == (Verdict.OK, (), ())
    assert find(found, "rehearsal-servers", "in-use").fact("servers") == "EX01, EX02"
    text = plain(render(found))
    assert "It is the one in use already, installed on EX01, EX02: nothing to do." in text
    assert "in use    this one already, installed on EX01, EX02" in text
    assert "The plan" not in text
    assert json.loads(to_json(found))["in_use"]["thumbprint"] == SAME_PRINT


def test_on_one_server_only_it_is_not_in_use_everywhere() -> None:
    held = tuple(one for one in contoso().certificates if (one.server, one.thumbprint) != ("EX02", SAME_PRINT))
    found = go(SAME, organisation=replace(contoso(), certificates=held), at=AT)
    assert "nothing to do" not in plain(render(found))
    assert any(line.startswith("Import-ExchangeCertificate -Server 'EX02'") for line in commands(found.steps))


def test_of_two_of_one_name_the_next_may_be_the_one_in_use() -> None:
    both = using(OLD, SAME)
    unsure = go(SAME, INT2025, organisation=both)
    assert unsure.today is None  # either may be, and nobody looked
    assert "in use    not known" in plain(render(unsure))
    looked = go(SAME, INT2025, organisation=both, see=[evidence(seen(SAME, INT2025))])
    assert looked.today is not None
    assert looked.today.thumbprint == SAME_PRINT
    assert bad(looked) == {("rehearsal-same-name", "both-valid")}
    assert f"Remove-ExchangeCertificate -Server 'EX01' -Thumbprint '{OLD_PRINT}'" in commands(looked.steps)


def test_names_that_go() -> None:
    found = go(leaf(HOST), ISSUING.der)
    fault = find(found, "rehearsal-names", "lost")
    assert (fault.verdict, fault.fact("lost"), fault.fact("services")) == (
        Verdict.WARN,
        "autodiscover.contoso.com",
        "IIS",
    )
    everything = find(go(leaf("*.contoso.com"), ISSUING.der), "rehearsal-names")
    assert everything.verdict is Verdict.OK
    moved = find(go(leaf("smtp.contoso.com", "autodiscover.contoso.com"), ISSUING.der), "rehearsal-names", "lost")
    assert moved.fact("used_by") == f"Fqdn of {SEND}, smart host of {OUTBOUND}"


def test_servers_that_have_it_need_no_import() -> None:
    held = (*before().certificates, installed(SAME, "EX01"))
    found = go(SAME, INT2025, organisation=replace(before(), certificates=held))
    assert find(found, "rehearsal-servers", "lacking").fact("servers") == "EX02"
    assert [line for line in commands(found.steps) if line.startswith("Import-Exchange")] == [
        "Import-ExchangeCertificate -Server 'EX02' -FileData $b -Password $p"
    ]
    bare = (*before().certificates, installed(SAME, "EX01", has_private_key=False))
    found = go(SAME, INT2025, organisation=replace(before(), certificates=bare))
    assert find(found, "rehearsal-servers", "no-key").verdict is Verdict.WARN
    done = go(SAME, INT2025, organisation=contoso(), at=AT)
    assert (done.verdict, find(done, "rehearsal-servers").fact("servers")) == (Verdict.OK, "EX01, EX02")
    assert "import" not in stages(done.steps)
    assert not any("Remove-" in line for line in commands(done.steps))


# Exchange Online.


def outbound(**changes: Any) -> Organisation:
    return replace(before(), outbound=(replace(before().outbound[0], **changes),))


def inbound(*domains: str, **changes: Any) -> Organisation:
    accepted = tuple(AcceptedDomain(domain=name, online=True) for name in domains or (DOMAIN,))
    return replace(before(), inbound=(replace(before().inbound[0], **changes),), domains=accepted)


@pytest.mark.parametrize(
    ("organisation", "names", "why", "verdict"),
    [
        (outbound(), (HOST,), None, Verdict.OK),
        (outbound(), ("*.contoso.com",), None, Verdict.OK),
        (outbound(), ("smtp.contoso.com",), "not-covered", Verdict.FAIL),
        (outbound(tls_domain="*.contoso.com"), ("smtp.contoso.com",), None, Verdict.OK),
        (outbound(tls_settings="EncryptionOnly", tls_domain=None), ("smtp.contoso.com",), "not-compared", Verdict.OK),
        (outbound(tls_settings=None, tls_domain=None), ("smtp.contoso.com",), "not-compared", Verdict.OK),
        (outbound(tls_domain=Gap.LOST), (HOST,), "unknown", Verdict.UNKNOWN),
        (outbound(tls_settings=Gap.ABSENT), ("smtp.contoso.com",), "not-covered", Verdict.FAIL),
        (outbound(tls_domain="gone.contoso.com"), (HOST,), "not-concerned", Verdict.OK),
    ],
)
def test_what_exchange_online_expects_of_the_server(
    organisation: Organisation, names: tuple[str, ...], why: str | None, verdict: Verdict
) -> None:
    found = find(go(leaf(*names), ISSUING.der, organisation=organisation), "rehearsal-tls-domain")
    assert (cause(found), found.verdict) == (why, verdict)


def test_a_connector_for_another_certificate_is_not_this_renewals_business() -> None:
    other = OutboundConnector(name="Other", connector_type="OnPremises", tls_settings="DomainValidation")
    other = replace(other, tls_domain="mail.fabrikam.com", enabled=True)
    partner = replace(other, name="Partner", connector_type="Partner")
    off = replace(other, name="Off", enabled=False)
    organisation = replace(before(), outbound=(*before().outbound, other, partner, off))
    found = go(SAME, INT2025, organisation=organisation)
    assert bad(found) == {("rehearsal-same-name", "both-valid")}
    judged = {one.where.name: cause(one) for one in found.findings if one.code == "rehearsal-tls-domain"}
    assert judged == {OUTBOUND: None, "Other": "not-concerned"}


def test_a_name_that_fails_today_already_is_a_warning() -> None:
    nobody = replace(
        before(),
        outbound=(replace(before().outbound[0], tls_domain="gone.contoso.com"),),
        inbound=(replace(before().inbound[0], tls_sender_certificate_name="gone.contoso.com"),),
    )
    found = go(SAME, INT2025, organisation=nobody)
    assert find(found, "rehearsal-tls-domain", "not-covered").verdict is Verdict.WARN
    assert find(found, "rehearsal-sender-name", "not-covered").verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("organisation", "names", "why", "verdict"),
    [
        (inbound(), (HOST,), None, Verdict.OK),
        (inbound(tls_sender_certificate_name="*.contoso.com"), ("smtp.contoso.com",), None, Verdict.OK),
        (inbound(), ("smtp.contoso.com",), "not-covered", Verdict.FAIL),
        (inbound(tls_sender_certificate_name=None), ("smtp.contoso.com",), "not-compared", Verdict.OK),
        (inbound(tls_sender_certificate_name=Gap.ABSENT), (HOST,), "unknown", Verdict.UNKNOWN),
        (inbound(tls_sender_certificate_name=PAIR), (HOST,), "not-covered", Verdict.FAIL),
    ],
)
def test_by_what_exchange_online_knows_the_organisation(
    organisation: Organisation, names: tuple[str, ...], why: str | None, verdict: Verdict
) -> None:
    found = find(go(leaf(*names), ISSUING.der, organisation=organisation), "rehearsal-sender-name")
    assert (cause(found), found.verdict) == (why, verdict)


def test_the_older_form_of_an_inbound_connector_wants_issuer_and_subject() -> None:
    organisation = inbound(tls_sender_certificate_name=PAIR)
    assert find(go(SAME, INT2025, organisation=organisation), "rehearsal-sender-name").verdict is Verdict.OK
    assert find(go(NEW, INT2026, organisation=organisation), "rehearsal-sender-name").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("expected", "name", "accepted", "verdict"),
    [
        (HOST, HOST, "contoso.com", Verdict.OK),
        (HOST, HOST, "mail.contoso.com", Verdict.OK),
        (HOST, HOST, "fabrikam.com", Verdict.WARN),  # as today
        ("*.contoso.com", "smtp.contoso.com", "mail.contoso.com", Verdict.FAIL),  # mail.contoso.com is well today
    ],
)
def test_the_name_has_to_be_under_a_domain_of_the_tenant(
    expected: str, name: str, accepted: str, verdict: Verdict
) -> None:
    organisation = inbound(accepted, tls_sender_certificate_name=expected)
    found = go(leaf(name), ISSUING.der, organisation=organisation)
    assert find(found, "rehearsal-accepted-domain").verdict is verdict


def test_one_label_below_a_domain_unless_it_has_its_subdomains() -> None:
    deep = "a.b.contoso.com"
    organisation = inbound(tls_sender_certificate_name=deep)
    assert find(go(leaf(deep), organisation=organisation), "rehearsal-accepted-domain").verdict is Verdict.WARN
    below = AcceptedDomain(domain=DOMAIN, match_subdomains=True, online=True)
    found = go(leaf(deep), organisation=replace(organisation, domains=(below,)))
    assert find(found, "rehearsal-accepted-domain").verdict is Verdict.OK


def test_domains_of_the_servers_on_premises_are_not_the_tenants() -> None:
    local = tuple(AcceptedDomain(domain=name, online=False) for name in ("fabrikam.com",))
    found = go(SAME, INT2025, organisation=replace(before(), domains=local))
    assert not any(one.code == "rehearsal-accepted-domain" for one in found.findings)


# What is not in the exports.


def test_a_server_without_a_tenant_misses_nothing_of_exchange_online() -> None:
    plain_server = replace(before().receive[0], tls_domain_capabilities=None)
    alone = Organisation(receive=(plain_server,), certificates=before().certificates)
    assert bad(go(SAME, INT2025, organisation=alone)) == {("rehearsal-same-name", "both-valid")}


def test_a_plan_leaves_no_server_out() -> None:
    names = [f"EX{number:03}" for number in range(70)]
    receive = tuple(
        replace(before().receive[0], name=f"{name}\\Default Frontend {name}", server=name) for name in names
    )
    certificates = tuple(installed(OLD, name) for name in names)
    found = go(NEW, INT2026, organisation=replace(before(), receive=receive, certificates=certificates))
    lines = commands(found.steps)
    for name in names:
        assert f"Set-ReceiveConnector '{name}\\Default Frontend {name}' -TlsCertificateName $n" in lines
    assert sum("Read-Host" in line for line in lines) == 1


def test_without_connectors_nothing_is_concluded() -> None:
    found = go(SAME, INT2025, organisation=replace(before(), send=(), receive=()))
    assert find(found, "rehearsal-not-exported", "on-premises").verdict is Verdict.UNKNOWN
    alone = go(SAME, INT2025, organisation=replace(before(), inbound=(), outbound=()))
    assert alone.verdict is Verdict.UNKNOWN
    assert find(alone, "rehearsal-not-exported", "exchange-online").fact("what") == "connectors"
    half = go(SAME, INT2025, organisation=replace(before(), inbound=()))
    assert find(half, "rehearsal-not-exported").fact("what") == "inbound connectors"
    nameless = go(NEW, INT2026, organisation=replace(before(), certificates=()))
    assert find(nameless, "rehearsal-not-exported", "certificates").verdict is Verdict.OK
    assert ("rehearsal-connector", "issuer-changes") in bad(nameless)
    assert go(SAME, organisation=Organisation()).verdict is Verdict.UNKNOWN


def test_more_connectors_than_anybody_has() -> None:
    many = tuple(
        ReceiveConnector(name=f"EX{n:05}\\Default Frontend", server=f"EX{n:05}", tls_certificate_name=PAIR)
        for n in range(3000)
    )
    certificates = tuple(installed(OLD, f"EX{n:05}") for n in range(3000))
    found = go(NEW, INT2026, organisation=replace(before(), receive=many, certificates=certificates))
    assert find(found, "rehearsal-not-exported", "too-many").fact("number") == "2501"
    assert len(plain(render(found))) < 1_000_000


# Endpoints, DANE and MTA-STS.


def mx(*records: str, see: Observation | None = None, secure: bool | None = True, **changes: Any) -> Evidence:
    return domain(see or seen(OLD, INT2025), hop=host(*records, secure=secure, **changes), mx_secure=secure)


@pytest.mark.parametrize(
    ("observation", "why", "verdict"),
    [
        (seen(OLD, INT2025), "today", Verdict.OK),
        (seen(NEW, INT2026), "next", Verdict.OK),
        (seen(sample("selfsigned")), "other-installed", Verdict.WARN),
        (seen(SAME, INT2025), "stranger", Verdict.WARN),
        (failed(Stage.CONNECT, Kind.TIMEOUT), "unobserved", Verdict.UNKNOWN),
    ],
)
def test_which_endpoints_the_renewal_reaches(observation: Observation, why: str, verdict: Verdict) -> None:
    found = find(go(NEW, INT2026, see=[evidence(observation)]), "rehearsal-endpoint")
    assert (cause(found), found.verdict) == (why, verdict)


def test_an_mx_of_exchange_online_is_none_of_the_renewals() -> None:
    there = seen(SAME, INT2025, host="contoso-com.mail.protection.outlook.com")
    found = go(NEW, INT2026, see=[evidence(there, given=f"{DOMAIN}:25")])
    assert find(found, "rehearsal-endpoint", "exchange-online").verdict is Verdict.OK
    assert not any(line.startswith("probe 'contoso.com") for line in commands(found.steps))


def test_without_certificates_in_the_exports_no_endpoint_is_a_stranger() -> None:
    organisation = replace(before(), certificates=())
    found = go(NEW, INT2026, organisation=organisation, see=[evidence(seen(OLD))])
    assert find(found, "rehearsal-endpoint").verdict is Verdict.OK


def test_records_are_published_before_anything_else() -> None:
    found = go(NEW, INT2026, see=[mx(tlsa(3, 1, 1, OLD))])
    fault = find(found, "rehearsal-tlsa", "not-covered")
    line = f"_25._tcp.{HOST}. IN TLSA {tlsa(3, 1, 1, NEW)}"
    assert (fault.verdict, fault.fact("publish")) == (Verdict.FAIL, line)
    assert found.steps[0].key == "publish"
    assert filled(found.steps[0])[1] == (line,)
    assert "7200 seconds" in found.steps[0].why
    assert found.steps[-1].key == "unpublish"
    assert found.back[-1].key == "unpublish"


@pytest.mark.parametrize(
    ("records", "why", "verdict"),
    [
        ((tlsa(3, 1, 1, OLD), tlsa(3, 1, 1, NEW)), "covered", Verdict.OK),
        ((tlsa(2, 1, 1, ROOT),), "not-covered", Verdict.FAIL),
        ((), "none", Verdict.OK),
    ],
)
def test_what_the_records_cover(records: tuple[str, ...], why: str, verdict: Verdict) -> None:
    found = find(go(NEW, INT2026, see=[mx(*records)]), "rehearsal-tlsa")
    assert (cause(found), found.verdict) == (why, verdict)


def test_records_that_nobody_validated_or_found() -> None:
    unsigned = go(NEW, INT2026, see=[mx(tlsa(3, 1, 1, OLD), secure=None)])
    assert find(unsigned, "rehearsal-tlsa", "not-covered-unvalidated").verdict is Verdict.WARN
    lost = go(NEW, INT2026, see=[mx(outcome=Outcome.FAILED, detail="SERVFAIL")])
    assert find(lost, "rehearsal-tlsa", "unknown").verdict is Verdict.UNKNOWN
    none = go(NEW, INT2026, see=[mx(secure=None)])
    assert find(none, "rehearsal-tlsa").verdict is Verdict.OK


def test_a_host_that_shows_something_else_needs_no_record_for_this_one() -> None:
    elsewhere = go(NEW, INT2026, see=[mx(tlsa(3, 1, 1, SAME), see=seen(SAME, INT2025))])
    assert not any(one.code == "rehearsal-tlsa" for one in elsewhere.findings)


def sts(body: str, see: Observation | None = None) -> Evidence:
    served = fetched(response(body), POLICY_LEAF, ISSUING.der)
    return replace(mx(see=see), mta_sts=policy(None, served))


POLICY_LEAF = leaf("mta-sts.contoso.com", key="ec")


@pytest.mark.parametrize(
    ("names", "body", "why", "verdict"),
    [
        ((HOST,), ENFORCE, None, Verdict.OK),
        (("smtp.contoso.com",), ENFORCE, "name", Verdict.FAIL),
        (("smtp.contoso.com",), TESTING, "name", Verdict.WARN),
    ],
)
def test_a_policy_wants_the_name_of_the_mx_host(
    names: tuple[str, ...], body: str, why: str | None, verdict: Verdict
) -> None:
    found = find(go(leaf(*names), ISSUING.der, see=[sts(body)]), "rehearsal-sts")
    assert (cause(found), found.verdict) == (why, verdict)


def test_a_policy_wants_a_trusted_root() -> None:
    alone = pki.self_signed(names=(HOST,), subject=f"CN={HOST}", **SPAN)
    assert find(go(alone.der, see=[sts(ENFORCE)]), "rehearsal-sts", "not-trusted").verdict is Verdict.FAIL
    unknown = replace(mx(), mta_sts=policy(record(outcome=Outcome.FAILED, detail="SERVFAIL")))
    assert find(go(NEW, INT2026, see=[unknown]), "rehearsal-sts", "unknown").verdict is Verdict.UNKNOWN


# The plan.


def test_every_command_is_filled_in() -> None:
    lines = commands(go(NEW, INT2026).steps)
    assert f"Set-SendConnector '{SEND}' -TlsCertificateName $n" in lines
    assert "Set-ReceiveConnector 'EX02\\Default Frontend EX02' -TlsCertificateName $n" in lines
    assert f"    $c = Get-ExchangeCertificate -Server 'EX02' -Thumbprint '{NEW_PRINT}'".strip() in lines
    assert (
        f"probe 'mail.contoso.com:25' --expect-thumbprint {NEW_PRINT} --expect-name 'mail.contoso.com' --repeat 8"
        in lines
    )
    assert f"Validate-OutboundConnector '{OUTBOUND}' -Recipients 'postmaster@contoso.com'" in lines
    assert f"Remove-ExchangeCertificate -Server 'EX01' -Thumbprint '{OLD_PRINT}'" in lines
    left = [line for line in lines if "<" in line.replace("<I>{0}<S>{1}", "")]
    assert left == [
        "$b = [IO.File]::ReadAllBytes('<PFX-FILE>')",
        "Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",
    ]


def test_the_way_back_has_the_names_of_the_export() -> None:
    found = go(NEW, INT2026)
    lines = commands(found.back)
    assert f"Set-SendConnector '{SEND}' -TlsCertificateName '{PAIR}'" in lines
    assert f"Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName '{PAIR}'" in lines
    assert f"Remove-ExchangeCertificate -Server 'EX01' -Thumbprint '{NEW_PRINT}'" in lines
    assert not any(OLD_PRINT in line for line in lines)
    assert stages(found.back) == ["remove", "connectors", "uninstall"]
    restart = max(place for place, line in enumerate(lines) if "Restart-Service" in line)
    assert restart > lines.index(f"Set-SendConnector '{SEND}' -TlsCertificateName '{PAIR}'")


def test_the_way_back_restores_a_name_that_was_empty() -> None:
    receive = tuple(replace(one, tls_certificate_name=None) for one in before().receive[:1])
    found = go(NEW, INT2026, organisation=replace(before(), receive=receive))
    assert "Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName $null" in commands(found.back)


def test_the_way_back_leaves_blank_what_the_export_does_not_tell() -> None:
    receive = replace(before().receive[0], tls_certificate_name=Gap.LOST)
    found = go(NEW, INT2026, organisation=replace(before(), receive=(receive,)))
    line = "Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName '<NAME>'"
    assert line in commands(found.back)


def test_the_way_back_between_two_of_one_name() -> None:
    lines = commands(go(SAME, INT2025).back)
    empty = lines.index(f"Set-SendConnector '{SEND}' -TlsCertificateName $null")
    gone = lines.index(f"Remove-ExchangeCertificate -Server 'EX01' -Thumbprint '{SAME_PRINT}'")
    again = lines.index(f"Set-SendConnector '{SEND}' -TlsCertificateName '{PAIR}'")
    assert empty < gone < again < max(place for place, line in enumerate(lines) if "Restart-Service" in line)


def test_a_name_that_both_certificates_bear_is_expected_first() -> None:
    both = leaf("smtp.contoso.com", "autodiscover.contoso.com")
    found = go(both, ISSUING.der)
    first = [step for step in found.steps if step.key == "bridge"]
    assert [filled(step)[1] for step in first] == [
        (f"Set-OutboundConnector '{OUTBOUND}' -TlsSettings DomainValidation -TlsDomain 'autodiscover.contoso.com'",),
        (f"Set-InboundConnector '{INBOUND}' -TlsSenderCertificateName 'autodiscover.contoso.com'",),
    ]
    assert stages(found.steps)[:2] == ["bridge", "import"]
    assert f"Set-InboundConnector '{INBOUND}' -TlsSenderCertificateName '{HOST}'" in commands(found.back)


def test_a_wildcard_above_both_bridges_as_well() -> None:
    found = go(leaf("smtp.contoso.com"), ISSUING.der)
    assert f"Set-InboundConnector '{INBOUND}' -TlsSenderCertificateName '*.contoso.com'" in commands(found.steps)


def test_without_a_common_name_a_second_connector_stands_beside() -> None:
    domains = (*before().domains, AcceptedDomain(domain="fabrikam.com", online=True))
    found = go(leaf("mx.fabrikam.com"), ISSUING.der, organisation=replace(before(), domains=domains))
    order = stages(found.steps)
    assert order.index("beside") < order.index("import") < order.index("restart") < order.index("online")
    assert order.index("online") < order.index("verify") < order.index("first") < order.index("second")
    lines = commands(found.steps)
    assert f"New-InboundConnector '{INBOUND} (next)' -ConnectorType OnPremises -SenderDomains '*' `" in lines
    assert f"Remove-InboundConnector '{INBOUND} (next)'" in lines
    assert f"Set-OutboundConnector '{OUTBOUND}' -TlsSettings DomainValidation -TlsDomain 'mx.fabrikam.com'" in lines
    assert any("--expect-name 'mx.fabrikam.com'" in line for line in lines)
    back = commands(found.back)
    assert f"Set-OutboundConnector '{OUTBOUND}' -TlsSettings DomainValidation -TlsDomain '{HOST}'" in back
    assert f"Remove-InboundConnector '{INBOUND} (next)'" in back


def test_names_of_strangers_stay_in_their_quotes() -> None:
    evil = "x'; Remove-Item C:\\ -Recurse; '$(whoami)"
    send = replace(before().send[0], name=evil)
    found = go(NEW, INT2026, organisation=replace(before(), send=(send,)))
    lines = [line for line in commands(found.steps) if "Set-SendConnector" in line]
    assert lines == ["Set-SendConnector 'x''; Remove-Item C:\\ -Recurse; ''$(whoami)' -TlsCertificateName $n"]
    hidden = replace(before().send[0], name="a\x1b[31mb")
    text = plain(render(go(NEW, INT2026, organisation=replace(before(), send=(hidden,)))))
    assert "\x1b" not in text


def test_a_smart_host_that_is_no_host_is_not_pasted() -> None:
    organisation = outbound(smart_hosts=Many(items=("mail.contoso.com'; rm -rf ~", "[192.0.2.25]", "2001:db8::25")))
    lines = [line for line in commands(go(NEW, INT2026, organisation=organisation).steps) if line.startswith("probe")]
    assert [line.split(" --")[0] for line in lines] == ["probe '192.0.2.25:25'", "probe '[2001:db8::25]:25'"]


# The report.


@pytest.mark.parametrize("chain", [(NEW, INT2026), (SAME, INT2025), (sample("selfsigned"),), (INT2026,), (OLD,)])
def test_every_finding_has_its_words(chain: tuple[bytes, ...]) -> None:
    found = go(*chain, see=[mx(tlsa(3, 1, 1, OLD)), sts(ENFORCE)])
    for one in found.findings:
        assert "?" not in sentence(one)
        assert explain(one.code, cause(one))
    text = plain(render(found))
    assert "?" not in text
    assert not any(len(line) > 80 for line in text.splitlines() if not line.startswith(("        ", "  named")))


def test_the_same_input_gives_the_same_bytes() -> None:
    first, second = (go(NEW, INT2026, see=[mx(tlsa(3, 1, 1, OLD))]) for _ in range(2))
    assert plain(render(first)) == plain(render(second))
    assert to_json(first) == to_json(second)


def test_json_obeys_its_schema() -> None:
    for found in (go(NEW, INT2026, see=[mx(tlsa(3, 1, 1, OLD))]), go(SAME, organisation=Organisation())):
        told_so = json.loads(to_json(found))
        jsonschema.validate(told_so, schema())
        assert told_so["verdict"] == found.verdict
        assert [step["instruction"] for step in told_so["plan"]] == [filled(step)[0] for step in found.steps]


def test_faults_say_which_steps_mend_them() -> None:
    found = go(NEW, INT2026)
    numbers = {step.key: number for number, step in enumerate(found.steps, 1)}
    assert f"Plan      steps {numbers['receive']} and {numbers['send']}\n" in plain(render(found))


# The command.


def run(*words: str | Path, at: datetime = BEFORE) -> int:
    exports = [word for path in EXPORTS for word in ("--connectors", str(path))]
    return cli.run(["rehearse", *exports, "--at", at.isoformat(), *map(str, words)])


def pem(*der: bytes) -> bytes:
    return b"".join(x509.load_der_x509_certificate(one).public_bytes(serialization.Encoding.PEM) for one in der)


def test_the_command_prints_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "next.pem"
    file.write_bytes(pem(NEW, INT2026))
    assert run("--next", file, "--roots", ROOM / "root.pem") == 2
    first = capsys.readouterr()
    assert first.err == ""
    assert "\x1b" not in first.out
    assert "The plan" in first.out
    assert "The way back" in first.out
    assert run("--next", file, "--roots", ROOM / "root.pem") == 2
    assert capsys.readouterr().out == first.out
    assert run("--next", file, "--roots", ROOM / "root.pem", "--format", "json") == 2
    assert json.loads(capsys.readouterr().out)["verdict"] == "FAIL"


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "next.pem"
    file.write_bytes(pem(SAME, INT2025))
    assert run("--next", file, "--roots", ROOM / "root.pem", at=AT) == 0
    file.write_bytes(pem(SAME, INT2025, OLD))
    assert run("--next", file, "--roots", ROOM / "root.pem", at=AT) == 1
    capsys.readouterr()


def test_a_private_key_in_the_file_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = ISSUING.leaf(names=(HOST,), key="rsa2048", **SPAN)
    file, roots = tmp_path / "next.pem", tmp_path / "roots.pem"
    file.write_bytes(made.key_pem + made.pem + ISSUING.pem)
    roots.write_bytes(AUTHORITY.pem)
    run("--next", file, "--roots", roots)
    told_so = capsys.readouterr()
    assert "PRIVATE" not in told_so.out + told_so.err
    assert made.key_pem.decode().splitlines()[1] not in told_so.out + told_so.err
    file.write_bytes(made.key_pem)
    assert run("--next", file) == 3
    told_so = capsys.readouterr()
    assert "holds no certificate" in told_so.err
    assert made.key_pem.decode().splitlines()[1] not in told_so.out + told_so.err


def _csr() -> bytes:
    made = ISSUING.leaf(names=(HOST,), key="rsa2048", **SPAN)
    request = x509.CertificateSigningRequestBuilder().subject_name(made.certificate.subject)
    return request.sign(made.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (_csr, "a request for a certificate (CSR)", "the certificate that the CA sends"),
        (lambda: b"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n", "PKCS #7", "openssl pkcs7"),
        (lambda: bytes.fromhex("30820a1002010330820" + "0"), "a PFX file", "openssl pkcs12"),
        (lambda: b"nothing", "holds no certificate", "PEM"),
        (lambda: pem(NEW).replace(b"MII", b"AAA"), "is damaged", "openssl x509"),
        (lambda: b"", "holds no certificate", "PEM"),
    ],
)
def test_what_is_no_certificate(
    content: Callable[[], bytes],
    message: str,
    hint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "next.pem"
    file.write_bytes(content())
    assert run("--next", file) == 3
    error, said = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {file}")
    assert message in error
    assert hint in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rehearse", "--next", "x.pem"], "no export is named"),
        (["rehearse", "--connectors", "x.json"], "no certificate is named"),
        (["rehearse", "--connectors", "x.json", "--next", "no-such.pem"], "cannot read a certificate"),
        (["rehearse", "--connectors", "no-such.json", "--next", str(ROOM / "old.pem")], "no-such.json"),
    ],
)
def test_wrong_usage(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 3
    error, _ = capsys.readouterr().err.splitlines()
    assert message in error


def test_options_for_looking_need_a_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--next", ROOM / "renewed_same.pem", "--connect", "192.0.2.25") == 3
    assert "--connect without a target" in capsys.readouterr().err


def test_targets_are_looked_at(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[tuple[Any, Any]] = []

    def look(targets: Any, **options: Any) -> list[Evidence]:
        asked.append((targets, options))
        return [mx(tlsa(3, 1, 1, SAME), see=seen(SAME, INT2025))]

    monkeypatch.setattr("probe.cli.live.look", look)
    new, roots = ROOM / "renewed_newissuer.pem", ROOM / "root.pem"
    assert run(DOMAIN, "--next", new, "--roots", roots, "--connect", "192.0.2.25", at=AT) == 2
    assert "IN TLSA 3 1 1" in capsys.readouterr().out
    assert [target.given for target in asked[0][0]] == [DOMAIN]
    assert asked[0][1]["connect"] == ["192.0.2.25"]


# The catalogue.


def test_every_code_and_cause_is_raised_here() -> None:
    """By reading this file: each entry's code, and each of its causes, is asked for by name."""
    text = Path(__file__).read_text(encoding="utf-8")
    for code, entry in CATALOGUE.items():
        if code.startswith("rehearsal-"):
            assert f'"{code}"' in text, code
            assert all(f'"{why}"' in text for why in entry.causes), code
