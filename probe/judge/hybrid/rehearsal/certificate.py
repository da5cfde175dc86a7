"""Questions to the next certificate itself, whatever the connectors say: will servers and Exchange Online take it?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from probe.judge import dn
from probe.judge.certificate import Certificate, is_host, parse
from probe.judge.chain import follow
from probe.judge.find import finding
from probe.judge.fitness import ANY_USAGE, SERVER_AUTH
from probe.judge.hybrid.installed import issuer_of
from probe.judge.hybrid.rehearsal.case import PLAN, Case
from probe.model import Finding, Verdict, items, known

CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
WEAK_SIGNATURES = ("MD2", "MD4", "MD5", "SHA-1")  # RFC 9155
LEAST_RSA = 2048  # what public authorities issue; Exchange itself refuses less than 1024
MOST_OF_EDGE, NEARLY = 256, 250  # characters of a name in Edge's directory, and from where on we warn
ZONES = timedelta(hours=14)  # how far a server's local time can be from UTC


def judge_certificate(case: Case) -> Iterator[Finding]:
    """Each question by itself: one certificate can have several faults."""
    for question in (_file, _dates, _overlap, _trust, _issuer, _usage, _key, _signature, _naming, _length, _lifetime):
        yield from question(case)


def told(moment: datetime) -> str:
    """A moment, as findings and steps tell it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def lasting(time: timedelta) -> str:
    """A span of time in whole days; in hours, where that is less than a day."""
    number, unit = (time.days, "day") if time.days else (time // timedelta(hours=1), "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s" if number else "less than an hour"


def _file(case: Case) -> Iterator[Finding]:
    """What the file holds beside one leaf and its issuers."""
    if case.leaf.is_ca and not case.leaf.self_signed:
        yield finding("rehearsal-file", Verdict.FAIL, PLAN, cause="authority", subject=case.leaf.subject)
        return
    others = [other for other in map(parse, case.chain[1:]) if isinstance(other, Certificate) and not other.is_ca]
    if others:
        yield finding(
            "rehearsal-file", Verdict.WARN, PLAN, cause="several-leaves", other=others[0].subject, number=len(others)
        )


def _dates(case: Case) -> Iterator[Finding]:
    leaf, at = case.leaf, case.at
    until, end = told(leaf.not_after), known(case.today.not_after) if case.today else None
    if leaf.not_after < at:
        ago = at - leaf.not_after
        spans: dict[str, str | int] = {"days_ago": ago.days, "ago": lasting(ago)}
        yield finding("rehearsal-dates", Verdict.FAIL, PLAN, cause="expired", not_after=until, **spans)
    elif at < leaf.not_before:
        begin, ahead = told(leaf.not_before), leaf.not_before - at
        spans = {"days_ahead": ahead.days, "ahead": lasting(ahead)}
        yield finding("rehearsal-dates", Verdict.WARN, PLAN, cause="not-yet-valid", not_before=begin, **spans)
    elif end and leaf.not_after < end:
        yield finding("rehearsal-dates", Verdict.WARN, PLAN, cause="ends-first", not_after=until, today=told(end))
    else:
        left, begin = leaf.not_after - at, told(leaf.not_before)
        spans = {"days_left": left.days, "left": lasting(left)}
        yield finding("rehearsal-dates", Verdict.OK, PLAN, not_before=begin, not_after=until, **spans)


def _overlap(case: Case) -> Iterator[Finding]:
    """Between the two there must be time to change, and to go back."""
    end = known(case.today.not_after) if case.today else None
    if case.today is None or end is None:
        return
    slack = ZONES if case.today.dates_local else timedelta(0)
    facts = {"today": case.today.thumbprint, "not_after": told(end)}
    if end + slack < case.leaf.not_before:
        begin = told(case.leaf.not_before)
        yield finding("rehearsal-overlap", Verdict.FAIL, PLAN, cause="gap", not_before=begin, **facts)
    elif end + slack < case.at:
        yield finding("rehearsal-overlap", Verdict.WARN, PLAN, cause="too-late", **facts)
    else:
        left = max(end - case.at, timedelta(0))
        yield finding("rehearsal-overlap", Verdict.OK, PLAN, days_left=left.days, left=lasting(left), **facts)


def _trust(case: Case) -> Iterator[Finding]:
    path, roots = case.path, case.anchors.label
    expired = next((link for link in path.certificates[1:] if link.not_after < case.at), None)
    if path.cause in ("self-signed", "unknown-root", "path-invalid"):
        facts = {"cause": path.cause, "issuer": path.end.issuer, "error": path.error}
        yield finding("rehearsal-trust", Verdict.FAIL, PLAN, roots=roots, **facts)
    elif expired and expired.der in case.chain:
        until = told(expired.not_after)
        facts = {"cause": "issuer-expired", "issuer": expired.subject, "not_after": until}
        yield finding("rehearsal-trust", Verdict.FAIL, PLAN, **facts)
    elif not path.cause:
        yield finding("rehearsal-trust", Verdict.OK, PLAN, anchor=path.end.subject, roots=roots)


def _issuer(case: Case) -> Iterator[Finding]:
    """The intermediates, which every server must hold to send them: what is in its store, nobody sees from outside."""
    path, leaf = case.path, case.leaf
    if case.settled or leaf.self_signed or path.cause in ("self-signed", "path-invalid") or len(path.certificates) == 2:
        return  # there is no intermediate, it does not matter any more, or nothing will be installed
    sent = any(link.der in case.sent for link in path.certificates[1:2])
    if not path.cause and not sent and not _issuer_in_use(case):
        new = path.certificates[1].subject
        yield finding("rehearsal-intermediate", Verdict.WARN, PLAN, cause="new", issuer=new)
    elif path.cause != "chain-incomplete":
        yield finding("rehearsal-intermediate", Verdict.OK, PLAN, issuer=path.certificates[1].subject)
    elif (along := follow((*case.chain, *case.sent), case.anchors, case.at)) and not along.cause:
        yield finding("rehearsal-intermediate", Verdict.OK, PLAN, cause="sent-today", issuer=leaf.issuer)
    else:
        yield finding(
            "rehearsal-intermediate",
            Verdict.WARN,
            PLAN,
            cause="not-in-file",
            issuer=leaf.issuer,
            aia=" ".join(leaf.aia),
            as_today="yes" if _issuer_in_use(case) else None,
        )


def _issuer_in_use(case: Case) -> bool:
    """Whether the certificate in use is of the same issuer."""
    if case.used:
        return True
    issuer = issuer_of(case.today) if case.today else None
    return issuer is not None and not dn.differing(case.leaf.issuer_name, issuer)


def _usage(case: Case) -> Iterator[Finding]:
    wrong = [
        link.subject
        for link in case.path.certificates
        if link.usages is not None and not {SERVER_AUTH, ANY_USAGE} & set(link.usages)
    ]
    usages = case.leaf.usages
    if wrong:
        facts = {"cause": "no-server-auth", "subject": wrong[0]}
        yield finding("rehearsal-usage", Verdict.FAIL, PLAN, **facts)
    elif not case.leaf.can_sign_or_encipher:
        yield finding("rehearsal-usage", Verdict.FAIL, PLAN, cause="key-usage", subject=case.leaf.subject)
    elif usages is not None and not {CLIENT_AUTH, ANY_USAGE} & set(usages):
        yield finding("rehearsal-usage", Verdict.OK, PLAN, cause="no-client-auth")
    else:
        yield finding("rehearsal-usage", Verdict.OK, PLAN)


def _key(case: Case) -> Iterator[Finding]:
    key, bits = case.leaf.key, case.leaf.rsa_bits
    today = parse(case.today.der) if case.today and case.today.der else None
    kept = isinstance(today, Certificate) and today.spki_sha256 == case.leaf.spki_sha256 != ""
    facts = {"key": key, "kept": "yes" if kept else None}
    if bits and bits >= LEAST_RSA:
        yield finding("rehearsal-key", Verdict.OK, PLAN, **facts)
    elif bits:
        yield finding("rehearsal-key", Verdict.FAIL, PLAN, cause="weak", **facts)
    elif key.startswith("EC "):
        yield finding("rehearsal-key", Verdict.WARN, PLAN, cause="ecdsa", **facts)
    else:
        yield finding("rehearsal-key", Verdict.FAIL, PLAN, cause="other", **facts)


def _signature(case: Case) -> Iterator[Finding]:
    """A root is trusted as it is: nobody looks at its signature."""
    for link in case.path.certificates:
        if link.signature in WEAK_SIGNATURES and not link.self_signed and link.der not in case.anchors.der:
            facts = {"signature": link.signature, "subject": link.subject}
            yield finding("rehearsal-signature", Verdict.FAIL, PLAN, **facts)
            return


def _naming(case: Case) -> Iterator[Finding]:
    if not any(map(is_host, case.leaf.common_names)):
        subject = case.leaf.subject or "empty"
        yield finding("rehearsal-unnameable", Verdict.FAIL, PLAN, subject=subject)


def _length(case: Case) -> Iterator[Finding]:
    length, hybrid = len(case.identity), case.organisation.hybrid
    edge = any(server.edge is True for server in case.organisation.servers)
    if length >= NEARLY and (edge or (hybrid and items(hybrid.edge_transport_servers))):
        yield finding("rehearsal-length", Verdict.WARN, PLAN, cause="edge", characters=length)
    elif length > MOST_OF_EDGE:
        yield finding("rehearsal-length", Verdict.OK, PLAN, cause="no-edge-known", characters=length)


def _lifetime(case: Case) -> Iterator[Finding]:
    """What is due is told as long as it lies ahead."""
    lifetime = case.leaf.not_after - case.leaf.not_before
    due = case.leaf.not_after - lifetime / 3
    yield finding(
        "rehearsal-lifetime",
        Verdict.OK,
        PLAN,
        days_lifetime=max(lifetime, timedelta(0)) // timedelta(days=1),
        due=due.strftime("%Y-%m-%d") if due > case.at else None,
    )
