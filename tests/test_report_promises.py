"""The lines on what a domain has promised: one for each promise, and what can be read off it."""

from dataclasses import replace

import pytest

from probe.model import (
    Answer,
    Dane,
    DaneHost,
    DaneStatus,
    Delivery,
    Dnssec,
    Finding,
    Hop,
    Outcome,
    Policy,
    Promises,
    Question,
    Record,
    Report,
    Route,
    RouteKind,
    RuleBook,
    Sts,
    Target,
    TlsRpt,
    Verdict,
    Where,
)
from probe.report import dane, nagios, sts
from probe.report.text import plain, render
from tests import reports
from tests.reports import HOST, SECOND, dane_host, sts_host

DOMAIN = "contoso.com"
TARGET = Target(given=DOMAIN, name=DOMAIN, port=None)
HONOURED, BROKEN, MIXED, NONE = DaneStatus.HONOURED, DaneStatus.BROKEN, DaneStatus.MIXED, DaneStatus.NONE
DEFERRED, UNUSABLE, UNSEEN = DaneStatus.DEFERRED, DaneStatus.UNUSABLE, DaneStatus.NOT_VALIDATED
STOPS, WAITS = " → mail from strict senders stops", " → mail from strict senders waits"


def said(report: Report, verbosity: int = 0) -> str:
    return plain(render(report, verbosity=verbosity))


def of_hosts(*hosts: DaneHost, mx: Dnssec | None = Dnssec.SECURE) -> Dane:
    return Dane(mx_dnssec=mx, hosts=dict(zip((HOST, SECOND), hosts, strict=False)))


def routed(*findings: Finding, **addresses: tuple[str, ...]) -> Report:
    """A report on the domain, whose hosts have these addresses; without any, nothing is known of them."""
    hops = tuple(
        Hop(host=f"{label}.{DOMAIN}", preference=10, addresses=found, answers=()) for label, found in addresses.items()
    )
    report = reports.promising(Promises(), *findings)
    return replace(report, evidence=replace(report.evidence, route=Route(kind=RouteKind.MX, hops=hops)))


def line(*hosts: DaneHost, mx: Dnssec | None = Dnssec.SECURE) -> str:
    return dane.in_a_line(of_hosts(*hosts, mx=mx), routed())


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ((dane_host(HONOURED, 1, 1),), "honoured by 1 of 1 address"),
        ((dane_host(HONOURED, 2, 2), dane_host(HONOURED, 1, 1)), "honoured by 3 of 3 addresses"),
        ((dane_host(HONOURED, 2, 2), dane_host(BROKEN, 0, 1)), "honoured by 2 of 3 addresses, not by mx2"),
        (
            (dane_host(MIXED, 1, 2), dane_host(BROKEN, 0, 1)),
            "honoured by 1 of 3 addresses, in part by mail, not by mx2",
        ),
        ((dane_host(MIXED, 1, 2),), "honoured by 1 of 2 addresses"),
        ((dane_host(MIXED, 0, 1),), "honoured by 0 of 1 address, in part only"),
        ((dane_host(BROKEN, 0, 2),), f"honoured by 0 of 2 addresses{STOPS}"),
        ((dane_host(BROKEN, 0, 2), dane_host(BROKEN, 0, 1)), f"honoured by 0 of 3 addresses{STOPS}"),
        ((dane_host(BROKEN, 0, 2), dane_host(NONE)), "honoured by 0 of 2 addresses; mx2: none, no TLSA record"),
        (
            (dane_host(BROKEN, 0, 2), dane_host(DEFERRED)),
            f"honoured by 0 of 2 addresses; mx2: deferred, no address was observed{WAITS}",
        ),
        ((dane_host(HONOURED, 2, 2), dane_host(NONE)), "honoured by 2 of 2 addresses; mx2: none, no TLSA record"),
        ((dane_host(NONE), dane_host(NONE)), "none, no TLSA record"),
        (
            (dane_host(NONE, addresses_dnssec=Dnssec.INSECURE, tlsa_dnssec=None, tlsa_base=None, records=()),),
            "none, the addresses are not signed",
        ),
        ((dane_host(NONE, tlsa_dnssec=Dnssec.INSECURE),), "none, the TLSA records are not signed"),
        (
            (dane_host(UNSEEN, addresses_dnssec=Dnssec.NOT_VALIDATED),),
            "not validated, wants a resolver that validates, on loopback or with --trust-ad",
        ),
        ((dane_host(UNSEEN, records=()), dane_host(UNSEEN, records=())), "no TLSA record seen, not validated"),
        ((dane_host(UNSEEN, records=(), tlsa_dnssec=Dnssec.FAILED),), "TLSA not to be looked up, not validated"),
        (
            (dane_host(BROKEN, 0, 1), dane_host(DEFERRED, addresses_dnssec=None, tlsa_dnssec=None, records=())),
            "honoured by 0 of 1 address; mx2: not known, TLSA was not asked for",  # beyond the limit
        ),
        ((dane_host(DEFERRED),), f"deferred, no address was observed{WAITS}"),
        ((dane_host(DEFERRED, tlsa_dnssec=Dnssec.BOGUS),), f"deferred, TLSA bogus{WAITS}"),
        ((dane_host(DEFERRED, tlsa_dnssec=Dnssec.FAILED),), f"deferred, TLSA not to be looked up{WAITS}"),
        ((dane_host(DEFERRED, tlsa_dnssec=None),), f"deferred, TLSA not to be looked up{WAITS}"),
        ((dane_host(DEFERRED, addresses_dnssec=Dnssec.BOGUS),), f"deferred, addresses bogus{WAITS}"),
        (
            (dane_host(DEFERRED), dane_host(HONOURED, 1, 1)),
            "honoured by 1 of 1 address; mail: deferred, no address was observed",
        ),
        ((dane_host(UNUSABLE, 1, 1),), "no usable record → TLS is required, whoever answers"),
        (
            (dane_host(UNUSABLE), dane_host(NONE)),
            "mail: no usable record → TLS is required, whoever answers; mx2: none, no TLSA record",
        ),
    ],
)
def test_dane_in_a_line(hosts: tuple[DaneHost, ...], told: str) -> None:
    assert line(*hosts) == told


def test_what_is_no_mail_does_not_wait() -> None:
    web = replace(routed(), target=replace(TARGET, port=443, dialogue="direct"))
    for status, told in (
        (BROKEN, "honoured by 0 of 1 address → strict clients turn away"),
        (DEFERRED, "deferred, no address was observed"),
    ):
        assert dane.in_a_line(Dane(hosts={HOST: dane_host(status, 0, 1)}), web) == told


@pytest.mark.parametrize(
    ("mx", "told"),
    [
        (Dnssec.BOGUS, f"deferred, MX bogus{WAITS}"),
        (Dnssec.FAILED, f"deferred, MX not to be looked up{WAITS}"),
        (Dnssec.SECURE, ""),
        (None, ""),
    ],
)
def test_dane_without_a_host(mx: Dnssec | None, told: str) -> None:
    assert line(mx=mx) == told


def test_signed_hosts_behind_unsigned_mx_records() -> None:
    assert line(dane_host(HONOURED, 1, 1), mx=Dnssec.INSECURE) == (
        "honoured by 1 of 1 address, though the MX records are not signed"
    )


def test_hosts_of_others_are_named_in_full_and_only_a_few() -> None:
    hosts = {f"mx{n}.fabrikam.com": dane_host(BROKEN, 0, 1) for n in range(4)} | {HOST: dane_host(HONOURED, 1, 1)}
    assert dane.in_a_line(Dane(hosts=hosts), routed()) == (
        "honoured by 1 of 5 addresses, not by mx0.fabrikam.com, mx1.fabrikam.com and 2 more"
    )


def test_addresses_that_were_not_seen_are_counted() -> None:
    two, one = ("192.0.2.25", "2001:db8::25"), ("198.51.100.25",)
    report = routed(mail=two, mx2=one)
    assert dane.in_a_line(of_hosts(dane_host(HONOURED, 1, 1)), report) == "honoured by 1 of 2 addresses, 1 not seen"
    assert dane.in_a_line(of_hosts(dane_host(HONOURED, 1, 1), dane_host(BROKEN, 0, 1)), report) == (
        "honoured by 1 of 3 addresses, not by mx2, 1 not seen"
    )
    assert dane.in_a_line(of_hosts(dane_host(HONOURED, 2, 2)), report) == "honoured by 2 of 2 addresses"
    assert dane.in_a_line(of_hosts(dane_host(HONOURED, 3, 3)), report) == "honoured by 3 of 3 addresses"


def test_hosts_without_an_address() -> None:
    report = routed(mail=("192.0.2.25",), mx2=())
    none = dane_host(NONE, tlsa_dnssec=None, tlsa_base=None, records=())
    assert dane.in_a_line(of_hosts(dane_host(HONOURED, 1, 1), none), report) == (
        "honoured by 1 of 1 address; mx2: none, no address"
    )
    assert dane.in_a_line(of_hosts(dane_host(NONE, records=()), none), report) == (
        "mail: none, no TLSA record; mx2: none, no address"
    )
    assert dane.in_a_line(of_hosts(none), routed(mail=())) == "none, no address"
    v4_unasked = routed(mail=())
    (hop,) = v4_unasked.evidence.route.hops
    aaaa = Answer(question=Question(name=HOST, rtype="AAAA"), outcome=Outcome.NODATA, canonical=HOST)
    route = replace(v4_unasked.evidence.route, hops=(replace(hop, answers=(aaaa,)),))
    v4_unasked = replace(v4_unasked, evidence=replace(v4_unasked.evidence, route=route))
    unsigned = replace(none, addresses_dnssec=Dnssec.INSECURE)
    assert dane.in_a_line(of_hosts(unsigned), v4_unasked) == "none, the addresses are not signed"
    assert dane.in_a_line(of_hosts(dane_host(BROKEN, 0, 1), none), report) == (
        f"honoured by 0 of 1 address; mx2: none, no address{STOPS}"
    )


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("it was not asked for", "not known, TLSA was not asked for"),
        ("mail.contoso.com has no AAAA record; A was not asked for", "not known, A was not asked for"),
        ("SERVFAIL", f"deferred, TLSA not to be looked up{WAITS}"),
    ],
)
def test_what_we_did_not_ask_defers_no_mail(detail: str, told: str) -> None:
    where = Where(kind="record", host=HOST)
    report = routed(reports.finding("dane-lookup-failed", Verdict.UNKNOWN, where, detail=detail), mail=())
    deferred = dane_host(DEFERRED, tlsa_dnssec=None, records=())
    assert dane.in_a_line(of_hosts(deferred), report) == told


BLOCKED, WOULD = Delivery.BLOCKED, Delivery.WOULD_BE_BLOCKED


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (reports.sts(), "enforce, honoured by 2 of 2 hosts"),
        (reports.sts({HOST: sts_host()}), "enforce, honoured by 1 of 1 host"),
        (
            reports.sts({HOST: sts_host(), SECOND: sts_host(BLOCKED, covered=False)}),
            f"enforce, mx2 not covered{STOPS}",
        ),
        (
            reports.sts({HOST: sts_host(BLOCKED, covered=False), SECOND: sts_host(BLOCKED, covered=False)}),
            f"enforce, mail, mx2 not covered{STOPS}",
        ),
        (
            reports.sts({HOST: sts_host(BLOCKED, "certificate-expired"), SECOND: sts_host(BLOCKED, covered=False)}),
            f"enforce, mail certificate-expired, mx2 not covered{STOPS}",
        ),
        (reports.sts({HOST: sts_host(BLOCKED, "certificate-expired")}), f"enforce, certificate-expired{STOPS}"),
        (reports.sts({HOST: sts_host(BLOCKED, covered=False)}), f"enforce, mail not covered{STOPS}"),
        (
            reports.sts({HOST: sts_host(), SECOND: sts_host(WOULD, "starttls-not-supported")}, mode="testing"),
            "testing, mx2 starttls-not-supported → mail from strict senders would stop under enforce",
        ),
        (reports.sts(mode="testing"), "testing, honoured by 2 of 2 hosts"),
        (
            reports.sts({HOST: sts_host(), SECOND: sts_host(Delivery.UNKNOWN, "unknown")}),
            "enforce, honoured by 1 of 2 hosts, mx2 not seen",
        ),
        (
            reports.sts({HOST: sts_host(BLOCKED, covered=False), SECOND: sts_host(Delivery.UNKNOWN, "unknown")}),
            f"enforce, mail not covered{STOPS}; mx2 not seen",
        ),
        (reports.sts(mode="none", mx=()), "mode none: asks for nothing"),
        (
            reports.sts(origin="remembered", policy=Policy.FETCH_ERROR, reason="status 404"),
            "enforce, remembered (policy not to be had: status 404), honoured by 2 of 2 hosts",
        ),
        (
            reports.sts(origin="remembered", record=Record.NONE, policy=Policy.NONE, reason="no TXT record"),
            "enforce, remembered (no record now), honoured by 2 of 2 hosts",
        ),
        (
            reports.sts(origin="remembered", record=Record.UNKNOWN, policy=Policy.UNKNOWN, reason="SERVFAIL"),
            "enforce, remembered (record not to be looked up: SERVFAIL), honoured by 2 of 2 hosts",
        ),
        (Sts(record=Record.NONE, policy=Policy.NONE, reason="no TXT record"), "none"),
        (Sts(record=Record.UNKNOWN, policy=Policy.UNKNOWN, reason="SERVFAIL"), "record not to be looked up: SERVFAIL"),
        (
            Sts(record=Record.INVALID, policy=Policy.NONE, reason="no id"),
            "record invalid: no id → strict senders go without",
        ),
        (
            Sts(record=Record.VALID, policy=Policy.FETCH_ERROR, reason="status 404"),
            "policy not to be had: status 404 → strict senders go without",
        ),
        (Sts(record=Record.VALID, policy=Policy.INVALID), "policy invalid → strict senders go without"),
        (
            Sts(record=Record.VALID, policy=Policy.WEBPKI_INVALID, reason="it expired"),
            "policy host not trusted: it expired → strict senders go without",
        ),
        (Sts(record=Record.VALID, policy=Policy.UNKNOWN), "policy unknown"),
        (
            Sts(record=Record.VALID, policy=Policy.FETCH_ERROR, reason="y" * 200),
            f"policy not to be had: {'y' * 99}… → strict senders go without",
        ),
        (
            reports.sts({HOST: sts_host(), SECOND: sts_host(certificate="certificate-not-trusted")}),
            "enforce, mx2 in part only: certificate-not-trusted",
        ),
        (
            reports.sts({HOST: sts_host(certificate="certificate-expired")}, mode="testing"),
            "testing, in part only: certificate-expired",
        ),
        (
            reports.sts(
                {
                    HOST: sts_host(certificate="certificate-expired"),
                    SECOND: sts_host(BLOCKED, covered=False),
                    "mx3.contoso.com": sts_host(Delivery.UNKNOWN, "unknown"),
                }
            ),
            f"enforce, mx2 not covered{STOPS}; mail in part only: certificate-expired; mx3 not seen",
        ),
        (replace(reports.sts(), hosts={}), "enforce, no host to hold it against"),
        (
            reports.sts({f"mx{n}.contoso.com": sts_host(BLOCKED, covered=False) for n in range(5)}),
            f"enforce, mx0, mx1 and 3 more not covered{STOPS}",
        ),
    ],
)
def test_mta_sts_in_a_line(policy: Sts, told: str) -> None:
    assert sts.in_a_line(policy, routed()) == told


ALONE = " → mail from senders that know MTA-STS alone stops"


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ((HONOURED, HONOURED), f"enforce, mail certificate-expired, mx2 not covered{ALONE}"),
        ((NONE, HONOURED), f"enforce, mail certificate-expired{STOPS}; mx2 not covered{ALONE}"),
        ((NONE, BROKEN), f"enforce, mail certificate-expired, mx2 not covered{STOPS}"),
        ((NONE, UNSEEN), f"enforce, mail certificate-expired, mx2 not covered{STOPS}"),
    ],
)
def test_where_dane_holds_mta_sts_stops_only_those_that_know_no_dane(
    statuses: tuple[DaneStatus, ...], told: str
) -> None:
    policy = reports.sts({HOST: sts_host(BLOCKED, "certificate-expired"), SECOND: sts_host(BLOCKED, covered=False)})
    promises = Promises(dane=of_hosts(*map(dane_host, statuses)), mta_sts=policy)
    assert sts.in_a_line(policy, replace(routed(), promises=promises)) == told


def test_a_policy_in_testing_beside_dane_that_holds() -> None:
    policy = reports.sts({HOST: sts_host(WOULD, covered=False)}, mode="testing")
    report = replace(routed(), promises=Promises(dane=of_hosts(dane_host(HONOURED, 1, 1)), mta_sts=policy))
    assert sts.in_a_line(policy, report) == (
        "testing, mail not covered → mail from senders that know MTA-STS alone would stop under enforce"
    )


def test_a_policy_that_nobody_asked_for_is_unknown() -> None:
    reason = "mta-sts.contoso.com has no AAAA record; A was not asked for"
    policy = Sts(record=Record.VALID, policy=Policy.FETCH_ERROR, reason=reason)
    unsure = reports.finding("sts-policy-fetch-error", Verdict.UNKNOWN, Where(kind="policy"), reason=reason)
    assert sts.in_a_line(policy, routed(unsure)) == f"policy unknown: {reason}"
    sure = replace(unsure, verdict=Verdict.WARN)
    assert sts.in_a_line(policy, routed(sure)) == f"policy not to be had: {reason} → strict senders go without"


@pytest.mark.parametrize(
    ("tlsrpt", "told"),
    [
        (
            TlsRpt(record=Record.VALID, rua=("mailto:a@x.example", "https://x.example/r")),
            "to mailto:a@x.example, https://x.example/r",
        ),
        (
            TlsRpt(record=Record.VALID, rua=tuple(f"mailto:{n}@x.example" for n in range(9))),
            "to mailto:0@x.example, mailto:1@x.example, mailto:2@x.example, mailto:3@x.example and 5 more",
        ),
        (TlsRpt(record=Record.NONE), "none"),
        (TlsRpt(record=Record.INVALID), "record invalid → nobody reports"),
        (TlsRpt(record=Record.UNKNOWN), "record not to be looked up"),
    ],
)
def test_tlsrpt_in_a_line(tlsrpt: TlsRpt, told: str) -> None:
    assert f"\n  TLSRPT: {told}\n" in said(reports.promising(Promises(tlsrpt=tlsrpt)))


def test_the_promises_stand_below_the_route_one_line_each() -> None:
    promises = Promises(
        dane=of_hosts(dane_host(HONOURED, 1, 1), dane_host(NONE, records=())),
        mta_sts=reports.sts({HOST: sts_host(), SECOND: sts_host(BLOCKED, covered=False)}),
        tlsrpt=TlsRpt(record=Record.VALID, rua=("mailto:tlsrpt@contoso.com",)),
    )
    assert (
        "\n\n  MX 10     mail.contoso.com  192.0.2.25\n"
        "  MX 20     mx2.contoso.com  198.51.100.25\n"
        "  DANE: honoured by 1 of 1 address; mx2: none, no TLSA record\n"
        "  MTA-STS: enforce, mx2 not covered → mail from strict senders stops\n"
        "  TLSRPT: to mailto:tlsrpt@contoso.com\n\n"
    ) in said(reports.promising(promises))


def test_a_promise_is_one_line_however_narrow_the_terminal() -> None:
    names = [f"{'mx' * 20}{n}.fabrikam.com" for n in range(40)]
    promises = Promises(
        dane=Dane(mx_dnssec=Dnssec.SECURE, hosts=dict.fromkeys(names, dane_host(DEFERRED))),
        mta_sts=reports.sts(dict.fromkeys(names, sts_host(BLOCKED, covered=False))),
        tlsrpt=TlsRpt(record=Record.VALID, rua=("mailto:" + "t" * 90,) * 9),
    )
    lines = plain(render(reports.promising(promises, rollover(one_line="safe to roll" * 9)), width=40)).splitlines()
    for label in ("  DANE: ", "  MTA-STS: ", "  TLSRPT: ", "  roll-over: "):
        (whole,) = (text for text in lines if text.startswith(label))
        assert 40 < len(whole) < 600
    assert f"  MTA-STS: enforce, {names[0]}, {names[1]} and 38 more not covered{STOPS}" in lines


def test_what_nobody_promised_or_asked_has_no_line() -> None:
    text = said(reports.promising(Promises()))
    assert not any(word in text for word in ("DANE", "MTA-STS", "TLSRPT"))


def matched(address: str, host: str = HOST) -> Finding:
    where = reports.at(address, host=host)
    return reports.finding("dane-matched", Verdict.OK, where, record=f"{reports.SPARE}; {reports.TLSA}", base=host)


def rollover(verdict: Verdict = Verdict.OK, host: str = HOST, **facts: str) -> Finding:
    return reports.finding("dane-rollover", verdict, Where(kind="record", host=host), RuleBook.RFC, **facts)


def dane_told(promise: Dane, *findings: Finding, verbosity: int = 0) -> str:
    return plain(dane.dane_lines(promise, replace(routed(), findings=findings), verbosity, 80))


def test_more_is_told_of_records_and_policy_where_asked() -> None:
    issuers = (f"2 1 1 {'a1' * 32}", f"2 0 2 {'b2' * 64}")
    records = (reports.TLSA, f"3 1 1 {'cd' * 32}", f"3 1 0 {'ef' * 300}", f"3 1 2 {'01' * 64}", *issuers)
    host = dane_host(HONOURED, 2, 2, records=records)
    found = [
        rollover(
            cause="incomplete",
            one_line="safe to roll",
            unmatched=records[1],
            passed_over=records[2][:70],
            found=f"{issuers[0]} (certificate-expired); {issuers[1][:70]}… (certificate-host-mismatch)",
        ),
    ]
    promises = Promises(dane=Dane(mx_dnssec=Dnssec.SECURE, hosts={HOST: host}), mta_sts=reports.sts())
    report = reports.promising(promises)
    # As findings of the catalogue these come with their own tests: here it is their facts that count.
    assert dane_told(promises.dane or Dane(), matched("192.0.2.25"), *found, verbosity=1) == (
        "  DANE: honoured by 2 of 2 addresses\n"
        "    mail.contoso.com: addresses secure, TLSA secure at mail.contoso.com\n"
        "    3 1 1 8d02536c887482bc8… matches 192.0.2.25:25\n"
        "    3 1 1 cdcdcdcdcdcdcdcdc… matches nothing\n"
        "    3 1 0 efefefefefefefefe… passed over for a stronger digest\n"
        "    3 1 2 01010101010101010…\n"
        "    2 1 1 a1a1a1a1a1a1a1a1a… issuer found, but certificate-expired\n"
        "    2 0 2 b2b2b2b2b2b2b2b2b… issuer found, but certificate-host-mismatch\n"
        "  roll-over: safe to roll\n"
    )
    text = said(report, 1)
    assert ("    id 20261101T000000, max_age 604800\n    mx: mail.contoso.com\n    mx: *.contoso.com\n") in text
    for status in (
        "  MX        contoso.com: 10 mail.contoso.com., 20 mx2.contoso.com. (secure)\n",
        "  CNAME     mx2.contoso.com: NODATA (secure)\n",
        '  TXT       _mta-sts.contoso.com: "v=STSv1; id=20261101T000000;" (insecure)\n',
        "  TXT       _smtp._tls.contoso.com: NXDOMAIN (secure)\n",
    ):
        assert status in text
    assert (
        f"  TLSA      _25._tcp.mx2.contoso.com: 2 records (secure)\n        {reports.TLSA}\n        {reports.SPARE}\n"
    ) in text
    for hidden in ("addresses secure", "mx: ", "(secure)"):
        assert hidden not in said(report)


def test_a_bogus_answer_says_so_once() -> None:
    report = reports.promising(Promises())
    bogus = reports.answer("contoso.com", "MX", outcome=Outcome.BOGUS, detail="SERVFAIL from 127.0.0.1")
    evidence = replace(report.evidence, route=replace(report.evidence.route, answers=(bogus,)))
    assert "  MX        contoso.com: BOGUS (SERVFAIL from 127.0.0.1)\n" in said(replace(report, evidence=evidence), 1)


ZONE_LINE = f"_25._tcp.{HOST}. IN TLSA {reports.SPARE}"


BREAKS = "roll-over would break, publish this record:"


def test_the_record_to_publish_is_whole_and_alone_on_its_line() -> None:
    broken = rollover(Verdict.WARN, cause="next-not-covered", one_line=BREAKS, publish=ZONE_LINE)
    told = f"\n  {BREAKS}\n    {ZONE_LINE}\n"
    assert len(f"    {ZONE_LINE}") > 80
    assert dane_told(of_hosts(dane_host(HONOURED, 1, 1)), broken).endswith(told)
    assert dane_told(of_hosts(dane_host(HONOURED, 1, 1), dane_host(NONE)), broken).endswith(told)


def test_without_a_record_none_is_announced() -> None:
    broken = rollover(cause="incomplete", one_line=BREAKS)
    assert dane_told(of_hosts(dane_host(HONOURED)), broken).endswith("\n  roll-over would break\n")
    assert dane_told(of_hosts(dane_host(HONOURED), dane_host(NONE)), broken).endswith(
        "\n  roll-over would break (mail)\n"
    )


def test_safe_to_roll_is_said_once_of_all_hosts_or_of_those_that_are() -> None:
    one, two = of_hosts(dane_host(HONOURED)), of_hosts(dane_host(HONOURED), dane_host(HONOURED))
    safe = [rollover(host=host, cause="next-covered", one_line="safe to roll") for host in (HOST, SECOND)]
    assert dane_told(one, safe[0]).endswith("\n  roll-over: safe to roll\n")
    assert dane_told(two, *safe).endswith("addresses\n  roll-over: safe to roll\n")
    other = rollover(host=SECOND, cause="complete-issuer", one_line="safe to roll as long as the issuer stays")
    assert dane_told(two, safe[0], other).endswith(
        "\n  roll-over: safe to roll (mail)\n  roll-over: safe to roll as long as the issuer stays (mx2)\n"
    )


def test_with_v_the_note_on_a_roll_over_has_the_record() -> None:
    note = rollover(cause="incomplete", one_line=BREAKS, publish=ZONE_LINE, ttl="300")
    text = " ".join(said(reports.promising(Promises(), note), 1).split())
    assert f"would break, publish this record: {ZONE_LINE}; senders may know the old records for 300 s more" in text


def test_where_records_and_policies_are() -> None:
    places = (Where(kind="record", host=HOST), Where(kind="record", host=SECOND), Where(kind="policy"))
    found = [reports.finding("certificate-expires-soon", Verdict.WARN, where, subject=where.kind) for where in places]
    text = said(reports.report(found))
    assert "\n  record is valid until" in text.replace("  mx2.contoso.com: record", "  record")
    assert "\n  mail.contoso.com, mx2.contoso.com: record is valid until ?, ? left\n" in said(
        reports.promising(Promises(), *found)
    )
    assert "\n  policy is valid until ?, ? left\n" in text


def test_a_record_that_would_mend_it_is_for_pasting() -> None:
    both = [
        reports.finding("tlsa-invalid", Verdict.FAIL, reports.at(address), base=HOST, records="x", publish=ZONE_LINE)
        for address in ("192.0.2.25", "2001:db8::25")
    ]
    text = said(reports.report(both))
    assert text.count(ZONE_LINE) == 1
    assert f"\n  Publish\n    {ZONE_LINE}\n" in text


def test_a_record_that_matches_nothing_is_told_as_the_published_one() -> None:
    found = reports.finding("tlsa-invalid", Verdict.FAIL, reports.at(), cause="no-match", base=HOST, records="3 1 1 ab")
    assert f"what is presented matches none of the TLSA records of {HOST}: 3 1 1 ab" in " ".join(
        said(reports.report([found])).split()
    )


def test_what_a_promise_raises_is_told_with_the_promise() -> None:
    raised = reports.finding("starttls-not-supported", Verdict.FAIL, reports.at(), required_by="DANE")
    assert "192.0.2.25:25: STARTTLS is not to be had; required by DANE" in said(reports.report([raised]))
    first = nagios.render([reports.report([raised])]).splitlines()[0]
    assert first == "PROBE CRITICAL - mail.contoso.com:25 starttls-not-supported at 192.0.2.25:25"
