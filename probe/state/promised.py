"""How far a look reached into what a domain has promised: DANE, MTA-STS, TLSRPT.

A promise that could not be looked up is neither kept nor taken back. One that nobody asked for, because the
configuration does not want to know of it any more, leaves no fault behind; but of a look that came to UNKNOWN it is
not believed that it would have asked.
"""

from functools import cached_property

from probe.model import DaneStatus, Dnssec, Policy, Record, Report, Verdict

# How a policy host answers whose certificate is good and who has no policy: causes of `sts-policy-fetch-error`.
_ANSWERED = ("redirect", "status", "media-type", "encoding", "too-large", "response")

_DECIDED = (DaneStatus.NONE, DaneStatus.HONOURED, DaneStatus.BROKEN, DaneStatus.MIXED, DaneStatus.UNUSABLE)


class Promised:
    """What the look behind a report knows of the target's promises."""

    def __init__(self, report: Report) -> None:
        self._found, self._promises, self._route = report.findings, report.promises, report.evidence.route
        self._hosts = frozenset(hop.host for hop in report.evidence.route.hops)
        self._unwanted = report.verdict is not Verdict.UNKNOWN  # what was not asked for
        self.policy_host = f"mta-sts.{report.target.name}"

    @cached_property
    def policy_known(self) -> bool:
        """Whether it is known which MTA-STS policy counts, be it none."""
        if self._promises.mta_sts is None:
            return self._unwanted
        return not any(found.verdict is Verdict.UNKNOWN and found.code.startswith("sts-") for found in self._found)

    @property
    def record_known(self) -> bool:
        sts = self._promises.mta_sts
        return self._unwanted if sts is None else sts.record is not Record.UNKNOWN

    @property
    def reporting_known(self) -> bool:
        tlsrpt = self._promises.tlsrpt
        return self._unwanted if tlsrpt is None else tlsrpt.record is not Record.UNKNOWN

    @property
    def policy_read(self) -> bool:
        """Whether the policy host's certificate was good and it had something to read, or there is nothing to fetch."""
        sts = self._promises.mta_sts
        return self._unwanted if sts is None else sts.policy in (Policy.VALID, Policy.INVALID, Policy.NONE)

    def policy(self, code: str) -> bool:
        """Whether fetching the policy got as far as this fault of it. The stages are its host's name and the way
        there, the certificate, the response, the text."""
        sts = self._promises.mta_sts
        if sts is None or sts.policy in (Policy.VALID, Policy.NONE):
            return sts is not None or self._unwanted
        match code:
            case "sts-policy-fetch-error":
                return sts.policy in (Policy.INVALID, Policy.WEBPKI_INVALID)
            case "sts-webpki-invalid":
                fetch = next((found for found in self._found if found.code == "sts-policy-fetch-error"), None)
                return sts.policy is Policy.INVALID or (fetch is not None and fetch.fact("cause") in _ANSWERED)
            case "sts-policy-remembered":
                return self.policy_known
        return False

    def dane(self, host: str) -> bool:
        """Whether it is known what the host promises."""
        if self._promises.dane is None:
            return self._unwanted and self._route.failure is None and host in self._hosts
        found = self._promises.dane.hosts.get(host)
        return found is not None and (found.status in _DECIDED or found.tlsa_dnssec is Dnssec.SECURE)
