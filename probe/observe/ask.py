"""Asking resolvers: dnspython's names and records over our own sockets.

The one door behind which dnspython lives; no type of it gets out. dnspython's own resolver is not used for asking: it
measures time by the wall clock, raises where there is no answer, and reads responses until one fits.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import dns.exception
import dns.name
import trio

from probe.model import Answer, Kind, Outcome, Question
from probe.observe.channel import Channel, Server
from probe.observe.memory import Memory
from probe.observe.query import NoAnswerError, Query
from probe.observe.response import is_authentic, read
from probe.observe.validation import Standing
from probe.observe.world import blame_shortage, server_text

_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_ROOT = Question(name=".", rtype="SOA")
_UNCHECKED = "DNSSEC: it has an answer, and gives it only unchecked"


class Resolver:
    """Asks `servers` in turn, each for at most `timeout` seconds a try, until one of them knows; and remembers.

    Fits `World.resolve`: bad news is an `Answer`. A server that is silent, unreachable, or answers without an answer
    (SERVFAIL, REFUSED, rubbish) gives way to the next; after the last comes a second round, for what was lost on the
    way or failed in passing. What a SERVFAIL that stays means is settled then: where its server turns out to have an
    answer and to refuse it, the outcome is BOGUS. Otherwise it is FAILED where any of them answered, TIMEOUT where none
    did. It is the caller who bounds how many questions are asked at a time.

    `trust_ad`: the user declares that every server validates honestly and that nobody can change an answer on the way
    from it to us. Without, that goes for servers on loopback only. See `Answer.secure` and `validation.Standing`.

    With several servers, the first that knows wins, with one exception. Where a server that may be trusted has said
    SERVFAIL, an answer that no validator vouches for does not count until it is settled that the SERVFAIL was none of
    DNSSEC's: or a second resolver that does not validate would turn every forged answer into a good one, and mail that
    a careful sender holds back would look fine. An answer shown to be secure counts at once: that cannot be forged.
    """

    def __init__(self, servers: Sequence[Server], timeout: float, *, trust_ad: bool = False) -> None:
        self._servers = [_Server(server, declared=trust_ad) for server in servers]
        self._timeout = timeout
        self._memory = Memory()

    async def __call__(self, question: Question) -> Answer:
        """The answer to one question."""
        return await self._memory.recall(question, self._ask)

    async def _ask(self, question: Question) -> Answer:
        try:
            name = _name(question.name)
        except dns.exception.DNSException as error:
            return _unknown(question, Outcome.FAILED, f"not a name that DNS can carry: {error}")
        heard: list[_Heard] = []
        unsure: Answer | None = None
        # RFC 6891 §7: a server that cannot do EDNS may well be able to answer without it.
        for edns, server in [(edns, server) for edns in (True, False) for server in self._servers]:
            one = await self._hear(question, Query(name, question.rtype, edns=edns), server)
            if one.knows:
                answer = await self._with_status(one)
                if answer.secure or not any(
                    other.refused and other.server.standing.trusted for other in heard if other.server is not server
                ):
                    return answer
                unsure = answer
                break
            heard.append(one)
            if one.answer.outcome is Outcome.TIMEOUT:
                self._demote(server)
        suspects = dict.fromkeys(one.server for one in heard if one.refused)
        for server in sorted(suspects, key=lambda server: not server.standing.trusted):
            if server.standing.trusted or unsure is None:
                refusals = [one for one in heard if one.refused and one.server is server]
                settled = await self._settle(question, name, server, refusals)
                if settled:
                    return settled
        return unsure or _failure(question, [one.answer for one in heard])

    async def _settle(
        self, question: Question, name: dns.name.Name, server: "_Server", refusals: list["_Heard"]
    ) -> Answer | None:
        """What the SERVFAIL of a server means: BOGUS, or an answer after all. None: it means that there is none.

        It means BOGUS where the server says so itself, or gives, unchecked, what it does not give checked (RFC 4035
        §3.2.2). And where it stays: a server that failed in passing gives both, so it is asked once more.
        """
        reason = next((one.reason for one in refusals if one.reason), "")
        if not reason:
            unchecked = await self._hear(question, Query(name, question.rtype, unchecked=True), server)
            if unchecked.answer.outcome is Outcome.FAILED or unchecked.answer.outcome is Outcome.TIMEOUT:
                return None
        if not reason or len(refusals) < 2:
            again = await self._hear(question, Query(name, question.rtype), server)
            if again.knows:
                return await self._with_status(again)
            reason = reason or again.reason
        detail = f"SERVFAIL from {server.text} ({reason or _UNCHECKED})"
        return _unknown(question, Outcome.BOGUS, detail, server.text)

    async def _with_status(self, heard: "_Heard") -> Answer:
        """The answer with its DNSSEC status."""
        standing = heard.server.standing
        if heard.answer.outcome is Outcome.FAILED:  # it is known why, but not what is there
            return heard.answer
        if not heard.authentic and standing.is_open:
            await heard.server.roots.recall(_ROOT, lambda _: self._look_at_root(heard.server))
        secure = standing.secure(authentic=heard.authentic)
        return heard.answer if secure is None else replace(heard.answer, secure=secure)

    async def _look_at_root(self, server: "_Server") -> Answer:
        heard = await self._hear(_ROOT, Query(dns.name.root, _ROOT.rtype), server)
        answered = not heard.refused and heard.answer.outcome is not Outcome.TIMEOUT
        server.standing.looked(answered=answered, authentic=heard.authentic)
        return heard.answer

    def _demote(self, server: "_Server") -> None:
        """Lets a silent server be asked last from now on, so that a dead one costs its time once.

        A trusted one changes places with its like only: a validator may well be slow over one broken domain, and
        whoever took its place for that would leave everything after it unvalidated.
        """
        trusted = server.standing.trusted
        places = [n for n, other in enumerate(self._servers) if other.standing.trusted or not trusted]
        ordered = [self._servers[n] for n in places if self._servers[n] is not server] + [server]
        for place, other in zip(places, ordered, strict=True):
            self._servers[place] = other

    async def _hear(self, question: Question, query: Query, server: "_Server") -> "_Heard":
        """One question to one server: over UDP, and over TCP where the answer did not fit."""
        who = server.text
        try:
            response: bytes | None = None
            with trio.move_on_after(self._timeout):
                response = await server.channel.over_udp(query)
                if response is None:
                    who = f"{server.text} over TCP"
                    response = await server.channel.over_tcp(query)
            if response is None:
                detail = f"no answer from {who} in {self._timeout:.2g} s"
                return _Heard(server, _unknown(question, Outcome.TIMEOUT, detail, server.text))
            answer = read(question, query, response, server.text)
            return _Heard(server, answer, authentic=is_authentic(response))
        except OSError as error:
            blame_shortage(error)
            detail = f"no answer from {who}: {error.strerror or error}"
            return _Heard(server, _unknown(question, Outcome.TIMEOUT, detail, server.text, Kind.UNREACHABLE))
        except NoAnswerError as error:
            return _Heard(
                server,
                _unknown(question, Outcome.FAILED, error.words(who), server.text, error.kind),
                refused=error.what == "SERVFAIL",
                reason=next((said.words for said in error.errors if said.bogus), ""),
            )
        except dns.exception.DNSException as error:
            detail = f"unreadable answer from {who}: {error}"
            return _Heard(server, _unknown(question, Outcome.FAILED, detail, server.text))


class _Server:
    """One resolver: the way to it, and what its word is worth."""

    def __init__(self, server: Server, *, declared: bool) -> None:
        self.text = server_text(server)
        self.channel = Channel(server)
        self.standing = Standing(server[0], declared=declared)
        self.roots = Memory()  # so that askers at the same time take one look at the root


class _Heard(NamedTuple):
    """What one server said to one question, once. `refused`: SERVFAIL; `reason`: that of DNSSEC, where it names one."""

    server: _Server
    answer: Answer
    authentic: bool = False
    refused: bool = False
    reason: str = ""

    @property
    def knows(self) -> bool:
        """Whether nobody else need be asked."""
        outcome = self.answer.outcome
        return (outcome is not Outcome.FAILED and outcome is not Outcome.TIMEOUT) or self.answer.kind is Kind.PROTOCOL


def _name(text: str) -> dns.name.Name:
    """The name that a text stands for. Without escapes and beyond letters, dots alone part it: dnspython, which goes
    through it octet by octet, takes twice as long."""
    if _PLAIN.fullmatch(text):
        return dns.name.Name((*text.encode("ascii").split(b"."), b""))
    return dns.name.from_text(text)


def _failure(question: Question, tried: list[Answer]) -> Answer:
    """What all servers together did not say."""
    failed = [answer for answer in tried if answer.outcome is Outcome.FAILED]
    said = dict.fromkeys(answer.detail for answer in failed or tried)
    # The same said twice, once with its reasons, is said once.
    details = [text for text in said if not any(other != text and other.startswith(text) for other in said)]
    return _unknown(
        question,
        Outcome.FAILED if failed else Outcome.TIMEOUT,
        "; ".join(details) or "no resolver is configured",
        ", ".join(dict.fromkeys(answer.resolver for answer in failed or tried)),
        Kind.UNREACHABLE if all(answer.kind is Kind.UNREACHABLE for answer in tried) else None,
    )


def _unknown(question: Question, outcome: Outcome, detail: str, resolver: str = "", kind: Kind | None = None) -> Answer:
    return Answer(
        question=question, outcome=outcome, canonical=question.name, resolver=resolver, detail=detail, kind=kind
    )


def system_resolvers() -> list[Server]:
    """The resolvers that the operating system is set up with; empty where it has none."""
    import dns.resolver  # only here: it brings an HTTP client along where one is installed

    try:
        resolver = dns.resolver.Resolver()
    except (dns.exception.DNSException, ValueError):  # none configured, or what is there cannot be read
        return []
    return [(str(server), resolver.port) for server in resolver.nameservers]
