"""The part of the JSON report that sums up what a domain has promised, as types and from the judge's values.

null stands for what was not asked about, or cannot be promised by such a target; `none` for "looked, and there is no
promise", never for "could not look".
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct, field

from probe import model
from probe.model import DaneStatus, Delivery, Dnssec, Policy, Record


class DaneHost(Struct, frozen=True):
    """DANE of one host. `matching` of its `observed` addresses are what a record promises."""

    addresses_dnssec: Dnssec | None
    tlsa_dnssec: Dnssec | None
    tlsa_base: Annotated[str | None, Meta(description="The name of the records, without `_port._tcp`.")]
    records: Annotated[tuple[str, ...], Meta(description="In presentation form.")]
    status: DaneStatus
    matching: int
    observed: int


class Dane(Struct, frozen=True):
    """DANE by host. `mx_dnssec` is null where no MX was asked for."""

    mx_dnssec: Dnssec | None
    hosts: Mapping[str, DaneHost]


class StsHost(Struct, frozen=True):
    """MTA-STS of one host; null where there is no policy to hold it against."""

    in_policy: bool | None
    certificate: Annotated[str, Meta(description="`ok`, `unknown`, or the code of what is wrong.")]
    delivery: Annotated[Delivery, Meta(description="By a sender that knows MTA-STS and no DANE.")]


class MtaSts(Struct, frozen=True):
    """MTA-STS: what became of record and policy; from `mode` on, the policy that counts, and its hosts."""

    record: Record
    policy: Policy
    reason: Annotated[str, Meta(description="Why there is no better policy.")]
    mode: str | None
    id: str | None
    max_age: Annotated[int | None, Meta(description="In seconds.")]
    mx: tuple[str, ...]
    origin: Annotated[str | None, Meta(description="`fetched` or `remembered`; null where no policy counts.")] = field(
        name="from"
    )
    hosts: Mapping[str, StsHost]


class TlsRpt(Struct, frozen=True):
    """Where the domain wants to be told of failures."""

    record: Record
    rua: Annotated[tuple[str, ...], Meta(description="URIs, mailto or https.")]


class Promises(Struct, frozen=True):
    """What the domain has promised to senders, and whether it keeps it."""

    dane: Dane | None
    mta_sts: MtaSts | None
    tlsrpt: TlsRpt | None


NOTHING = Promises(None, None, None)


def pledged(promises: model.Promises) -> Promises:
    """The judge's sum as it is written."""
    dane, sts, tlsrpt = promises.dane, promises.mta_sts, promises.tlsrpt
    if not (dane or sts or tlsrpt):
        return NOTHING
    return Promises(
        dane=Dane(dane.mx_dnssec, {name: _dane(host) for name, host in dane.hosts.items()}) if dane else None,
        mta_sts=_sts(sts) if sts else None,
        tlsrpt=TlsRpt(tlsrpt.record, tlsrpt.rua) if tlsrpt else None,
    )


def _dane(host: model.DaneHost) -> DaneHost:
    return DaneHost(
        addresses_dnssec=host.addresses_dnssec,
        tlsa_dnssec=host.tlsa_dnssec,
        tlsa_base=host.tlsa_base,
        records=host.records,
        status=host.status,
        matching=host.matching,
        observed=host.observed,
    )


def _sts(sts: model.Sts) -> MtaSts:
    return MtaSts(
        record=sts.record,
        policy=sts.policy,
        reason=sts.reason,
        mode=sts.mode,
        id=sts.id,
        max_age=sts.max_age,
        mx=sts.mx,
        origin=sts.origin,
        hosts={name: StsHost(host.in_policy, host.certificate, host.delivery) for name, host in sts.hosts.items()},
    )
