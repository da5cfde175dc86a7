"""Domains with MTA-STS: records, policy hosts, policies and mail hosts, right and wrong."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from tests.pki import TODAY, self_signed
from tests.real.internet.machines import NET, NOBODY, STS_MX, Papers
from tests.real.internet.sts import DOMAIN, GOOD, RECORD, SHARED, Expected, Maker, PolicyHost, Sts, policy
from tests.real.nginx import Listener

LATER = f"{NET}.201"  # of policy hosts that say something else in the world of later


def sts_cases(papers: Papers, host: PolicyHost) -> Mapping[str, Sts]:
    """All of them by name."""
    make = Maker(host)
    every = [*_records(make), *_fetches(make), *_certificates(make, papers), *_policies(make), *_hosts(make)]
    every += [*_kept(make), *_reporting(make), _both(host)]
    found = {case.name: case for case in every}
    if len(found) != len(every):
        raise ValueError("two cases go by one name")
    return found


def mail_hosts(papers: Papers) -> list[str]:
    """The zone's lines for the mail hosts that the domains share."""
    machines = {
        "good": "public",
        "tenant.b": "public",
        "expired": "public-expired",
        "misnamed": "public-misnamed",
        "self-signed": "self-signed",
        "silent": "postfix-no-starttls",
    }
    lines = [f"{name}.{STS_MX}. A {papers.addresses[machine]}" for name, machine in machines.items()]
    return [*lines, f"nobody.{STS_MX}. A {NOBODY}"]


def _records(make: Maker) -> Iterator[Sts]:
    """RFC 8461 §3.1: exactly one record that begins with "v=STSv1", and its grammar."""
    yield make("good", codes=["sts-policy-valid", "sts-host-accepted"])
    yield make("no-record", txt=(), record="none", becomes="none", codes=["sts-absent"])

    def bad(name: str, *txt: str) -> Sts:
        return make(name, txt=txt, record="invalid", becomes="none", codes=["sts-record-invalid"])

    yield bad("two-records", f"TXT {RECORD}", 'TXT "v=STSv1; id=2;"')
    for name, text in {
        "no-id": "v=STSv1;",
        "empty-id": "v=STSv1; id=;",
        "id-of-33": f"v=STSv1; id={'1' * 33};",
        "id-with-hyphens": "v=STSv1; id=2026-01-01;",
        # Others are passed over only where there are several.
        "other-version": "v=STSv2; id=1;",
    }.items():
        yield bad(name, f'TXT "{text}"')
    for name, text in {
        "id-of-32": f'"v=STSv1; id={"a" * 32};"',
        "unknown-fields": '"v=STSv1; id=1; more=less;"',
        "no-last-semicolon": '"v=STSv1; id=1"',
        "no-blanks": '"v=STSv1;id=1"',
        "several-strings": '"v=STS" "v1; i" "d=1;"',
    }.items():
        yield make(name, txt=(f"TXT {text}",))
    yield make("others-beside", txt=(f"TXT {RECORD}", 'TXT "v=spf1 -all"'))
    yield make("record-alias", txt=("CNAME _mta-sts.good",))


def _fetches(make: Maker) -> Iterator[Sts]:
    """RFC 8461 §3.2, §3.3: status 200, no redirect, text/plain, as it is, and not without end."""
    host = make.host

    def failing(name: str, answers: str | None = None, address: str = SHARED) -> Sts:
        codes = ["sts-policy-fetch-error"]
        return make(name, answers=answers, address=address, becomes="fetch-error", codes=codes)

    yield failing("redirect", f"return 301 https://mta-sts.good.{DOMAIN}/.well-known/mta-sts.txt;")
    yield failing("not-found", "return 404;")
    yield failing("server-error", "return 503;")
    yield failing("no-content", "return 204;")
    yield failing("html", host.says("html", policy(), media="text/html"))
    yield failing("no-media-type", host.says("no-media-type", policy(), media=""))
    yield failing("too-long", host.says("too-long", policy() + b"note: of no use\r\n" * 4200))
    zipped = host.says("gzip", gzip.compress(policy()), more="add_header Content-Encoding gzip;")
    yield failing("gzip", zipped)
    yield failing("policy-host-silent", address=NOBODY)
    yield failing("policy-host-nowhere", address="")
    old = failing("tls11", address=host.own_address())
    if old.listener is None:
        raise ValueError("nobody listens there")
    yield replace(old, listener=replace(old.listener, protocols="TLSv1.1", ciphers="ALL:@SECLEVEL=0"))
    yield make("charset", answers=host.says("charset", policy(), media="text/plain; charset=us-ascii"))
    # nginx compresses for whoever can read it, which is for the client to say.
    willing = "gzip on; gzip_types text/plain; gzip_min_length 1;"
    yield make("gzip-offered", answers=host.says("gzip-offered", policy(), more=willing))


def _certificates(make: Maker, papers: Papers) -> Iterator[Sts]:
    """RFC 8461 §3.3: the policy host's certificate is for its name (as a DNS-ID), current, and publicly trusted."""
    issuing = papers.public.issuing

    def name(case: str) -> str:
        return f"mta-sts.{case}.{DOMAIN}"

    first, last = TODAY - timedelta(days=100), TODAY - timedelta(days=10)
    chains = {
        "cert-expired": (issuing.leaf(names=(name("cert-expired"),), not_before=first, not_after=last), issuing),
        "cert-misnamed": (issuing.leaf(names=(f"cert-misnamed.{DOMAIN}",)), issuing),
        "cert-common-name": (issuing.leaf(names=(), subject=f"CN={name('cert-common-name')}"), issuing),
        "cert-wildcard-deep": (issuing.leaf(names=(f"*.{DOMAIN}",)), issuing),
        "cert-self-signed": (self_signed(names=(name("cert-self-signed"),)),),
        "cert-private": (papers.issuing.leaf(names=(name("cert-private"),)), papers.issuing, papers.root),
        "cert-leaf-only": (issuing.leaf(names=(name("cert-leaf-only"),)),),
    }
    for case, chain in chains.items():
        yield make(case, chain=chain, becomes="webpki-invalid", codes=["sts-webpki-invalid"])
    wildcard = (issuing.leaf(names=(f"*.cert-wildcard.{DOMAIN}",)), issuing)
    yield make("cert-wildcard", chain=wildcard)


def _policies(make: Maker) -> Iterator[Sts]:
    """RFC 8461 §3.2: the grammar."""
    good = policy().decode()
    yield make("lf", policy(end="\n"))
    yield make("testing", policy("testing"), mode="testing")
    yield make("none", policy("none"), mode="none")
    yield make("none-without-mx", b"version: STSv1\nmode: none\nmax_age: 86400\n", mode="none")
    yield make("no-last-newline", policy().rstrip())
    yield make("unknown-keys", policy() + b"further: more\r\n")
    yield make("first-of-two-modes", policy() + b"mode: testing\r\n")
    backwards = b"max_age: 604800\nmx: *.mx.sts.example\nmode: enforce\nversion: STSv1\n"
    yield make("any-order", backwards)
    yield make("longest-age", policy(age="31557600"))
    for name, body in {
        "no-version": good.replace("version: STSv1\r\n", ""),
        "version-2": good.replace("STSv1", "STSv2"),
        "mode-unknown": good.replace("enforce", "maybe"),
        "no-mode": good.replace("mode: enforce\r\n", ""),
        "no-max-age": good.replace("max_age: 604800\r\n", ""),
        "max-age-word": good.replace("604800", "week"),
        "max-age-negative": good.replace("604800", "-1"),
        "max-age-beyond": good.replace("604800", "31557601"),
        "no-mx": good.replace(f"mx: *.{STS_MX}\r\n", ""),
        "mx-star": good.replace(f"*.{STS_MX}", "*"),
        "mx-inner-star": good.replace(f"*.{STS_MX}", f"good.*.{DOMAIN}"),
        "empty": "",
        "page": "<html>Welcome</html>\n",
    }.items():
        yield make(f"policy-{name}", body.encode(), becomes="invalid", codes=["sts-policy-invalid"])


def _hosts(make: Maker) -> Iterator[Sts]:
    """RFC 8461 §4: what a policy asks of mail hosts."""

    def case(name: str, host: str, expected: Expected, code: str, mode: str = "enforce", *mx: str) -> Sts:
        codes = ["sts-policy-valid", code]
        return make(name, policy(mode, *mx), mx=[host], mode=mode, hosts={host: expected}, codes=codes)

    # One label stands for the star: the trap of "*.mx.microsoft".
    deeper = f"tenant.b.{STS_MX}"
    yield case("deeper", deeper, (False, "ok", "blocked"), "mx-not-in-policy")
    yield case("deeper-testing", deeper, (False, "ok", "would-be-blocked"), "mx-not-in-policy", "testing")
    yield case("deeper-none", deeper, (None, "ok", "ok"), "sts-policy-valid", "none")
    right = ("enforce", f"*.b.{STS_MX}")
    yield case("deeper-covered", deeper, (True, "ok", "ok"), "sts-host-accepted", *right)
    yield case("parent", GOOD, (False, "ok", "blocked"), "mx-not-in-policy", "enforce", STS_MX)
    yield case("exact", GOOD, (True, "ok", "ok"), "sts-host-accepted", "enforce", GOOD)
    yield case("capitals", GOOD, (True, "ok", "ok"), "sts-host-accepted", "enforce", GOOD.upper())
    for name, code in {
        "expired": "certificate-expired",
        "misnamed": "certificate-host-mismatch",
        "self-signed": "certificate-not-trusted",
        "silent": "starttls-not-supported",
    }.items():
        host = f"{name}.{STS_MX}"
        yield case(f"host-{name}", host, (True, code, "blocked"), code)
        yield case(f"testing-{name}", host, (True, code, "would-be-blocked"), code, "testing")
    yield case("host-nobody", f"nobody.{STS_MX}", (True, "unknown", "unknown"), "not-observed")
    both = {GOOD: (True, "ok", "ok"), deeper: (False, "ok", "blocked")}
    yield make("one-of-two", mx=list(both), hosts=both, codes=["sts-host-accepted", "mx-not-in-policy"])


def _kept(make: Maker) -> Iterator[Sts]:
    """Good now; in the world of later something fails or has changed (RFC 8461 §3.3, §5.1)."""
    for name in ("record-gone", "record-refused", "policy-gone", "body-changed", "id-changed"):
        yield make(name)
    yield make("briefly", policy(age="0"))


def later(cases: Mapping[str, Sts], host: PolicyHost) -> tuple[list[str], dict[str, Listener]]:
    """The world of later: lines for a resolver that says otherwise, and the policy hosts that do."""

    def instead(name: str, data: str) -> list[str]:
        return [f'local-zone: "{name}." redirect', f"local-data: '{name}. {data}'"]

    changed = cases["body-changed"].domain
    answers = host.says("body-changed-later", policy("testing"))
    lines = [
        f'local-zone: "_mta-sts.{cases["record-gone"].domain}." always_nxdomain',
        f'local-zone: "_mta-sts.{cases["briefly"].domain}." always_nxdomain',
        f'local-zone: "_mta-sts.{cases["record-refused"].domain}." always_refuse',
        *instead(f"mta-sts.{cases['policy-gone'].domain}", f"A {NOBODY}"),
        *instead(f"mta-sts.{changed}", f"A {LATER}"),
        *instead(f"_mta-sts.{cases['id-changed'].domain}", 'TXT "v=STSv1; id=20260202T000000;"'),
    ]
    return lines, {"body-changed-later": host.listens(changed, answers, address=LATER)}


def _reporting(make: Maker) -> Iterator[Sts]:
    """TLSRPT (RFC 8460 §3), beside a policy that is as it should be."""
    mail, web = "mailto:tls@reports.example", "https://reports.example/tls"
    yield make("report-mail", tlsrpt=(f"v=TLSRPTv1; rua={mail}", [mail]), codes=["tlsrpt-valid"])
    yield make("report-both", tlsrpt=(f"v=TLSRPTv1;rua={mail},{web};", [mail, web]), codes=["tlsrpt-valid"])
    yield make("report-nowhere", tlsrpt=("v=TLSRPTv1;", []), codes=["tlsrpt-record-invalid"])
    yield make("report-path", tlsrpt=("v=TLSRPTv1; rua=reports.example", []), codes=["tlsrpt-record-invalid"])
    twice = ['_smtp._tls.report-twice TXT "v=TLSRPTv1; rua=https://other.example/"']
    record = (f"v=TLSRPTv1; rua={mail}", ())
    yield make("report-twice", tlsrpt=record, more=twice, codes=["tlsrpt-record-invalid"])


def _both(host: PolicyHost) -> Sts:
    """A domain with DANE that is honoured, and a policy that this host's private certificate is no good for: senders
    that know both go by DANE (RFC 8461 §2). Its records are in "dane.example"."""
    domain, mx = "both.dane.example", "both.mx.dane.example"
    listener = host.listens(domain, host.says("both", policy("enforce", mx)))
    expected = {mx: (True, "certificate-not-trusted", "blocked")}
    return Sts(domain=domain, hosts=expected, codes=frozenset({"dane-matched"}), listener=listener)
