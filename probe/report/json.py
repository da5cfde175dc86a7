"""One JSON object a target, on one line; its schema comes from the same types."""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from probe import model
from probe.codec import encode
from probe.dialogue.smtp import attend, hear
from probe.dialogue.smtp.answered import answered
from probe.judge.catalogue import explain
from probe.judge.certificate import Unreadable, parse
from probe.report import document
from probe.report.pledges import pledged
from probe.report.remedy import steps
from probe.report.wording import bounces, cause


def render(report: model.Report) -> bytes:
    """The report as one JSON object without a line break."""
    evidence = report.evidence
    return encode(
        document.Document(
            format=model.FORMAT,
            target=report.target.given,
            at=report.at,
            verdict=report.verdict,
            findings=tuple(map(told, report.findings)),
            promises=pledged(report.promises),
            route=_route(evidence),
            observations=tuple(map(_observation, evidence.observations)),
            alternatives=tuple(map(_observation, evidence.alternatives)),
            policy_fetches=tuple(map(_observation, evidence.mta_sts.fetches)) if evidence.mta_sts else (),
            roots=report.roots,
            resolvers=evidence.resolvers,
            ehlo=evidence.ehlo,
            attribution=_attribution(report.attribution),
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of probe",
        **msgspec.json.schema(document.Document),
    }


def told(finding: model.Finding) -> document.Finding:
    """The finding as JSON has it."""
    # What is as it should be, nobody complains of.
    entry = explain(finding.code, cause(finding)) if finding.verdict is not model.Verdict.OK else None
    where = finding.where
    return document.Finding(
        code=finding.code,
        verdict=finding.verdict,
        where=document.Where(
            kind=where.kind,  # type: ignore[arg-type]  # the model's docstring lists the very same kinds
            host=UNSET if where.host is None else where.host,
            address=UNSET if where.address is None else where.address,
            port=UNSET if where.port is None else where.port,
            position=UNSET if where.position is None else where.position,
            name=UNSET if where.name is None else where.name,
        ),
        facts=dict(finding.facts),
        rule_book=finding.rule_book,
        exchange_online=bounces(finding, entry) if entry else (),
        tlsrpt=entry.tlsrpt if entry else None,
        hresult=entry.hresult if entry else None,
        remedy=tuple(line for step in steps([finding], entry) for line in step) if entry else (),
    )


def _route(evidence: model.Evidence) -> document.Route:
    route = evidence.route
    return document.Route(
        kind=route.kind,
        hosts=tuple(document.RouteHost(hop.host, hop.preference, hop.addresses, hop.omitted) for hop in route.hops),
        answers=tuple(
            document.Answer(
                name=answer.question.name,
                rtype=answer.question.rtype,
                outcome=answer.outcome,
                canonical=answer.canonical,
                records=answer.records,
                ttl=answer.ttl,
                resolver=answer.resolver,
                detail=answer.detail,
                dnssec=answer.dnssec,
            )
            for answer in evidence.answers
        ),
        omitted=route.omitted,
        failure=_failure(route.failure),
    )


def _failure(failure: model.Failure | None) -> document.Failure | None:
    return document.Failure(failure.stage, failure.kind, failure.detail) if failure else None


def _observation(observation: model.Observation) -> document.Observation:
    endpoint, session, chain = observation.endpoint, observation.session, observation.chain
    outbound = observation.direction is model.Direction.OUTBOUND
    return document.Observation(
        address=endpoint.address,
        port=endpoint.port,
        host=endpoint.host,
        server_name=endpoint.server_name,
        dialogue=endpoint.dialogue,
        failure=_failure(observation.failure),
        session=document.Session(
            version=session.version,
            cipher=session.cipher,
            cipher_bits=session.cipher_bits,
            group=session.group,
            certificate_requested=observation.certificate_requested,
        )
        if session
        else None,
        certificate_requested=observation.certificate_requested,
        client_cas=observation.client_cas,
        certificates=tuple(map(_certificate, chain.der)) if chain else (),
        seconds={stage: round(seconds, 6) for stage, seconds in observation.seconds.items()},
        octets=observation.octets,
        keywords=hear(observation.transcript).keywords if outbound else (),  # ours are no news
        source=observation.source,
        attempts=len(observation.refusals) + observation.attempted,
        offer=endpoint.offer,
        direction=observation.direction,
        delivery=None if outbound else _delivery(observation),
    )


def _delivery(observation: model.Observation) -> document.Delivery:
    said = attend(observation.transcript)
    return document.Delivery(
        greeted=said.greeted,
        greeted_inside=said.greeted_inside,
        senders=said.senders,
        recipients=said.recipients,
        from_addresses=said.from_addresses,
        to_addresses=said.to_addresses,
        inside=said.inside,
        answered=answered(observation.transcript, "RCPT"),
        more=said.more,
        left=said.left,
    )


def _attribution(found: model.Attribution | None) -> document.Attribution | None:
    if found is None:
        return None
    return document.Attribution(
        outcome=found.outcome,
        relay=found.relay,
        connector=found.connector,
        rivals=found.rivals,
        by=found.by,
        because=found.because,
        passes=found.passes,
        reply=found.reply,
        status=found.status,
        partner=found.partner,
        doubt=found.doubt,
    )


@lru_cache(maxsize=4096)  # a fleet presents the same few certificates over and over
def _certificate(der: bytes) -> document.Certificate:
    found = parse(der)
    if isinstance(found, Unreadable):
        return document.Certificate(
            *(None,) * 6,
            sha1=found.sha1,
            sha256=found.sha256,
            spki_sha256=None,
            self_signed=None,
            key=None,
            signature=None,
            error=found.error,
        )
    return document.Certificate(
        subject=found.subject,
        issuer=found.issuer,
        names=found.names,
        not_before=found.not_before,
        not_after=found.not_after,
        serial=found.serial,
        sha1=found.sha1,
        sha256=found.sha256,
        spki_sha256=found.spki_sha256,
        self_signed=found.self_signed,
        key=found.key,
        signature=found.signature,
        error=None,
    )
