"""How far a look reached: which places it looked at, so that what is not found there any more is gone.

A fault that a report does not speak of is gone only where somebody looked. A target whose time ran out, a resolver that
is down, a server that says "not now": then there is no such finding either, and the fault is as open as it was. So each
fault is asked: what would have had to be seen for the judge to find it again? An answer of DNS, a dialogue, a session,
a chain, a policy. An endpoint that is no longer there is gone with its faults, if DNS knows that it is.

A fault that is itself an obstacle (no connection, no STARTTLS) is gone where a look got past it, or met another one
that is known to be one: an obstacle that is UNKNOWN takes no other's place, unless that was UNKNOWN itself.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from probe.judge.route import mail_hosts
from probe.model import Finding, Hop, Observation, Outcome, Report, RouteKind, Stage, Verdict, Where
from probe.model.duty import Episode
from probe.state.promised import Promised

AT_ENDPOINTS = ("not-observed", "starttls-not-supported", "client-certificate-required")
OF_DANE = ("dane-lookup-failed", "dane-not-validated", "dnssec-invalid")
_OF_ROUTES = ("no-mail", "name-not-found", "not-observed", "dnssec-invalid", "dane-required")
OF_SESSIONS = ("tls-version-old", "cipher-weak", "client-certificate-not-asked")
_OF_EXPORTS = ("connector-none", "connector-ambiguous", "connector-goes-elsewhere")
_OTHERWISE = "to clients that offer "  # how the fact `seen` begins where only a narrower offer shows it


class Reach:
    """What the look behind a report has looked at. `promised` is what it knows of the target's promises."""

    def __init__(self, report: Report) -> None:
        self._evidence, self.promised = report.evidence, Promised(report)
        self._hops: dict[str, list[Hop]] = {}
        for hop in report.evidence.route.hops:
            self._hops.setdefault(hop.host, []).append(hop)
        self._seen = _by_address(report.evidence.observations)
        self._otherwise = _by_address(report.evidence.alternatives)
        self._at: dict[Where, list[Finding]] = defaultdict(list)
        for found in report.findings:
            self._at[found.where].append(found)

    def settles(self, episode: Episode) -> bool:
        """Whether this look, which did not find the fault, would have found it if it were still there."""
        if episode.verdict is Verdict.UNKNOWN and self._replaced(episode):
            return True
        return self.knows_demand(episode) and self._looked(episode)

    def knows_demand(self, episode: Episode) -> bool:
        """Whether the promise that makes the fault as grave as it is was looked up. One that could not be is no reason
        to take the fault for less."""
        by, host = dict(episode.facts).get("required_by", ""), episode.where.host or ""
        if by.startswith("DANE"):
            return self._left(host) or self.promised.dane(host)
        return self.promised.policy_known if by.startswith("MTA-STS") else True

    def stays(self, host: str, address: str) -> bool:
        """Whether this may still be an address of the target, as far as is known."""
        return not self._left(host) and (host not in self._hops or not self._gone(host, address))

    def saw_both(self, host: str, address: str) -> bool:
        """Whether each certificate of a server that has several was seen there: the one that everybody gets to see, and
        what a narrower offer brings to light, which is tried where DANE may depend on it."""
        seen, otherwise = self._seen[host, address], self._otherwise[host, address]
        return any(map(showed, seen)) and self.promised.dane(host) and all(map(_told, otherwise))

    def _looked(self, episode: Episode) -> bool:
        match episode.where.kind:
            case "target":
                return self._target(episode)
            case "policy":
                return self.promised.policy(episode.code)
            case "record":
                return self._left(episode.where.host or "") or self.promised.dane(episode.where.host or "")
            case "host":
                return self._host(episode)
            case "endpoint" | "certificate":
                return self._endpoint(episode)
        # What exports tell of an endpoint that offers no TLS; which one that was, such a place does not say.
        return self._whole(chains=False) and all(map(_past_dialogue, self._evidence.observations))

    def _target(self, episode: Episode) -> bool:
        code, promised = episode.code, self.promised
        if code.startswith("sts-"):
            return promised.record_known and (code != "sts-required" or promised.policy_known)
        if code.startswith("tlsrpt-"):
            return promised.reporting_known
        if code in _OF_ROUTES:
            return self._members_known
        return self._whole(chains=code != "route-cut" or "certificates_omitted" in dict(episode.facts))

    def _host(self, episode: Episode) -> bool:
        host = episode.where.host or ""
        hops = self._hops.get(host, [])
        if self._left(host):
            return True
        match episode.code:
            case "mx-not-in-policy":
                return self.promised.policy_known and bool(hops)
            case "name-not-found":
                return any(hop.addresses for hop in hops) or self._resolved(host)
            case "not-observed" | "dnssec-invalid":
                return self._resolved(host)
        return self._resolved(host) and self._shown(host)

    def _endpoint(self, episode: Episode) -> bool:
        host, address, code = episode.where.host or "", episode.where.address or "", episode.code
        if host == self.promised.policy_host and host not in self._hops:
            return self.promised.policy_read
        if not self.stays(host, address):
            return True
        seen = self._seen[host, address]
        if dict(episode.facts).get("seen", "").startswith(_OTHERWISE):
            return self.saw_both(host, address)
        if code in AT_ENDPOINTS:
            return any(one.failure is None for one in seen) or self._replaced(episode)
        if code in _OF_EXPORTS:
            return bool(seen)
        if code in OF_SESSIONS:
            return any(one.session for one in seen)
        return any(map(showed, seen)) and (code != "tlsa-invalid" or self.promised.dane(host))

    def _replaced(self, episode: Episode) -> bool:
        """Whether another obstacle is in the way now. One that is UNKNOWN takes the place of its like alone."""
        kind = next((codes for codes in (AT_ENDPOINTS, OF_DANE) if episode.code in codes), ())
        return any(
            found.code in kind
            and found.code != episode.code
            and found.verdict is not Verdict.OK
            and (found.verdict is not Verdict.UNKNOWN or episode.verdict is Verdict.UNKNOWN)
            for found in self._at[episode.where]
        )

    @cached_property
    def _members_known(self) -> bool:
        """Whether it is known which hosts the target's mail goes to."""
        route = self._evidence.route
        if route.kind is RouteKind.NONE:
            return bool(route.answers) and all(answer.outcome.known for answer in route.answers)
        return True

    @cached_property
    def _hosts(self) -> frozenset[str]:
        return frozenset(mail_hosts(self._evidence))

    def _left(self, host: str) -> bool:
        return self._members_known and host not in self._hosts

    def _gone(self, host: str, address: str) -> bool:
        """Whether DNS, or the user, says that the host does not have the address any more."""
        rtype, hops = "AAAA" if ":" in address else "A", self._hops[host]
        answers = [answer for hop in hops for answer in hop.answers]
        if any(address in hop.addresses for hop in hops) or any(address in answer.records for answer in answers):
            return False
        of_family = [answer for answer in answers if answer.question.rtype == rtype]
        return all(answer.outcome.known for answer in of_family) if of_family else not answers and self._given

    @property
    def _given(self) -> bool:
        return self._evidence.route.kind is RouteKind.ADDRESS

    def _resolved(self, host: str) -> bool:
        """Whether all addresses of the host are known, be it that it has none."""
        hops = self._hops.get(host, ())
        answers = [answer for hop in hops for answer in hop.answers]
        if not answers or self._evidence.route.failure:
            return not answers and self._given
        enough = any(hop.addresses for hop in hops) or any(answer.outcome is Outcome.NXDOMAIN for answer in answers)
        families = {answer.question.rtype for answer in answers}
        return all(answer.outcome.known for answer in answers) and (enough or families == {"A", "AAAA"})

    def _shown(self, host: str) -> bool:
        """Whether each of its addresses was observed as far as its chain."""
        addresses = {address for hop in self._hops.get(host, ()) for address in hop.addresses}
        return all(any(map(showed, self._seen[host, address])) for address in addresses)

    def _whole(self, *, chains: bool) -> bool:
        """Whether everything was resolved, with `chains` also every address observed as far as its chain."""
        shown = not chains or all(map(self._shown, self._hops))
        return self._members_known and all(map(self._resolved, self._hops)) and shown


def _by_address(observations: Iterable[Observation]) -> defaultdict[tuple[str, str], list[Observation]]:
    found: defaultdict[tuple[str, str], list[Observation]] = defaultdict(list)
    for seen in observations:
        found[seen.endpoint.host, seen.endpoint.address].append(seen)
    return found


def showed(seen: Observation) -> bool:
    """Whether it got so far that its chain was seen, or that it has none to show."""
    return bool(seen.session or (seen.chain and seen.chain.der))


def _past_dialogue(seen: Observation) -> bool:
    return seen.failure is None or seen.failure.stage in (Stage.HANDSHAKE, Stage.AFTER)


def _told(seen: Observation) -> bool:
    """Whether a narrower offer was answered: by a chain, or by a refusal."""
    return showed(seen) or (seen.failure is not None and seen.failure.stage is Stage.HANDSHAKE)
