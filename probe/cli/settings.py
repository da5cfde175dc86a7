"""From options to values, and the checks that need more than one option to be made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe import config
from probe.cli.options import AuthLevel, Format, Want
from probe.errors import ConfigError, UsageError
from probe.judge import standard as judging
from probe.judge.certificate import host_address
from probe.judge.session import VERSIONS
from probe.model import Remembered, Target

if TYPE_CHECKING:
    from probe.model import Organisation
    from probe.observe import ClientCertificate, Manner, World

A_CENTURY = 36525  # days


def standard(
    thumbprints: Iterable[str],
    name: str | None,
    certificate: str | None,
    auth_level: AuthLevel | None,
    min_tls: str | None,
    warn_days: float,
    warn_lifetime: float | None,
) -> judging.Standard:
    """What the user expects."""
    if not 0 <= warn_days <= A_CENTURY:
        raise UsageError(f"--warn-days {warn_days:g} is no number of days", f"0, which warns never, to {A_CENTURY}")
    if warn_lifetime is None:
        warn_lifetime = judging.A_THIRD
    if not 0 <= warn_lifetime <= 100:
        raise UsageError(
            f"--warn-lifetime {warn_lifetime:g} is no percentage", "100 leaves --warn-days alone to decide"
        )
    return judging.Standard(
        thumbprints=tuple(config.thumbprint(text) for text in thumbprints),
        name=None if name is None else config.expected_name(name),
        identity=None if certificate is None else config.identity(certificate),
        auth_level=judging.AuthLevel(auth_level.value) if auth_level else None,
        min_tls=_tls_version("1.2" if min_tls is None else min_tls),
        min_tls_demanded=min_tls is not None,
        warn_days=warn_days,
        warn_lifetime=warn_lifetime,
    )


def promised(
    expected: judging.Standard, dane: Want, mta_sts: Want, tlsrpt: Want, next_certificate: Path | None
) -> judging.Standard:
    """The standard, with what is wanted of the domain's promises."""
    if next_certificate and dane is Want.OFF:
        raise UsageError("--next-certificate without DANE has nothing to say", "leave --dane off away")
    return replace(
        expected,
        dane=judging.Want(dane.value),
        mta_sts=judging.Want(mta_sts.value),
        tlsrpt=judging.Want(tlsrpt.value),
        next_certificate=config.chain(next_certificate) if next_certificate else (),
    )


def words(targets: Sequence[str] | None, organisation: "Organisation | None") -> list[str]:
    """The targets as typed; without any, where the organisation's outbound connectors lead. Raises `UsageError`."""
    if targets:
        return list(targets)
    if organisation is None:
        raise UsageError("no target is named", "as in `probe mail.example.org:25`; `probe --help` says more")
    from probe.judge.hybrid.way import implied

    found = [f"[{place}]:25" if ":" in place else f"{place}:25" for place in implied(organisation)]
    if not found:
        raise UsageError("the exports name no smart host", "name a target, or export the outbound connectors, too")
    return found


def _tls_version(text: str) -> str:
    version = "TLSv1" if text in ("1", "1.0") else f"TLSv{text}"
    if version not in VERSIONS:
        raise UsageError(f"--min-tls `{text}` is not a version of TLS", "1.0, 1.1, 1.2 or 1.3")
    return version


def agree(
    targets: Sequence[Target],
    expected: judging.Standard,
    *,
    only_v4: bool = False,
    only_v6: bool = False,
    connect: Sequence[str] = (),
    remember: Path | None = None,
) -> None:
    """Raise `UsageError` for options that contradict each other or the targets."""
    if only_v4 and only_v6:
        raise UsageError("-4 and -6 leave no address to look at", "give one of them, or none")
    if not targets:
        raise UsageError("the list of targets is empty", "one target a line; # begins a comment")
    if expected.auth_level is judging.AuthLevel.DOMAIN_VALIDATION and not expected.name:
        nameless = next((target for target in targets if host_address(target.name)), None)
        if nameless:
            raise UsageError(
                f"DomainValidation has no name to compare at `{nameless.given}`", "say which with --expect-name"
            )
    _promising(targets, expected, connect)
    if remember and expected.mta_sts is judging.Want.OFF:
        raise UsageError("--remember without MTA-STS has nothing to keep", "leave --mta-sts off away")
    families = {4: only_v6, 6: only_v4}  # which are left out
    for literal in (*connect, *(target.name for target in targets)):
        found = host_address(literal.removeprefix("[").removesuffix("]"))
        if found and families[6 if ":" in found else 4]:
            raise UsageError(f"`{literal}` is left out by {'-6' if only_v6 else '-4'}", "leave the option away")
    if connect and len({target.name for target in targets}) > 1:
        raise UsageError("--connect names one place, and the targets are several", "probe them one at a time")


def _promising(targets: Sequence[Target], expected: judging.Standard, connect: Sequence[str]) -> None:
    """Raise `UsageError` where a promise is demanded of a target that can make none."""
    require = judging.Want.REQUIRE
    for option, want in (("--mta-sts", expected.mta_sts), ("--tlsrpt", expected.tlsrpt)):
        host = next((target for target in targets if target.port is not None), None)
        if want is require and host:
            raise UsageError(
                f"{option} require: `{host.given}` is no mail domain",
                "only a mail domain promises that, as example.org",
            )
    for option, want in (("--dane", expected.dane), ("--mta-sts", expected.mta_sts), ("--tlsrpt", expected.tlsrpt)):
        if want is require and connect:
            raise UsageError(
                f"{option} require: --connect leaves out DNS, where promises are", "leave one of them away"
            )
    if expected.dane is require:
        address = next((target for target in targets if host_address(target.name)), None)
        if address:
            raise UsageError(f"--dane require: `{address.given}` is an address", "DANE is of names: name the host")


def reporting(targets: Sequence[Target], form: Format, folder: Path | None, inbound: Sequence[Target] = ()) -> None:
    """Raise `UsageError` where a TLSRPT report is asked for and none can be written. `inbound` are our listeners."""
    if form is not Format.TLSRPT:
        if folder:
            raise UsageError("--reports without --format tlsrpt", "these reports alone have a file for each domain")
        return
    if inbound:
        raise UsageError(f"--format tlsrpt: `{inbound[0].given}` is a listener", "of a delivery --format json tells")
    address = next((target for target in targets if host_address(target.name)), None)
    if address:
        raise UsageError(f"--format tlsrpt: `{address.given}` is an address", "a report is on a domain: name the host")


def outputs(written: Iterable[Path | None], read: Iterable[str | Path | None]) -> None:
    """Raise `UsageError` where a file would be written that is written or read already."""
    taken = {Path(file).resolve() for file in read if file}
    for file in written:
        # A device is no file: several may well write to /dev/stderr.
        if file and (not file.exists() or file.is_file()):
            if file.resolve() in taken:
                raise UsageError(f"{file} is named twice", "what is written needs a file of its own")
            taken.add(file.resolve())


def verbosity(verbose: bool, quiet: bool) -> int:
    return verbose - quiet


def in_range(option: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise UsageError(f"{option} {value} is out of range", f"a whole number from {least} to {most}")


def looking(
    *,
    resolver: Sequence[str],
    connect: Sequence[str],
    sni: str | None,
    ehlo: str | None,
    families: frozenset[int],
    timeout: float | None,
    repeat: int,
    parallel: int,
    client_cert: Path | None,
    client_key: Path | None,
    standard: judging.Standard,
    trust_ad: bool,
    remembered: Mapping[str, Remembered],
) -> "tuple[Manner, World]":
    """How to look, and the doors to look through. Nothing is asked of the network yet."""
    in_range("--repeat", repeat, 1, 1000)
    in_range("--parallel", parallel, 1, 100_000)
    if timeout is not None and not 0 < timeout < float("inf"):
        raise UsageError(f"--timeout {timeout:g} is no time", "a number of seconds above 0")
    resolvers = [config.resolver(text) for text in resolver]
    addresses = tuple(config.address(text, "--connect") for text in connect)
    server_name = sni if sni in (None, "none") else config.host_name(sni, "--sni")
    greeting = _greeting(ehlo) if ehlo is not None else None
    certificate = _client_certificate(client_cert, client_key)

    from probe.observe import Limits, Manner, outside, server_text

    manner = Manner(
        limits=Limits() if timeout is None else Limits().within(timeout),
        families=families,
        connect=addresses,
        sni=server_name,
        ehlo=greeting,
        repeat=repeat,
        certificate=certificate,
        resolvers=tuple(map(server_text, resolvers)),
        dane=standard.dane is not judging.Want.OFF,
        mta_sts=standard.mta_sts is not judging.Want.OFF,
        tlsrpt=standard.tlsrpt is not judging.Want.OFF,
        remembered=remembered,
    )
    return manner, outside(resolvers, patience=manner.limits.target, trust_ad=trust_ad)


def _greeting(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):  # RFC 5321 §4.1.3, an address literal
        inner = text[1:-1].removeprefix("IPv6:")
        address = config.address(inner.partition("%")[0], "--ehlo")  # a zone means nothing to the peer
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    return config.host_name(text, "--ehlo")


def _client_certificate(certificate: Path | None, key: Path | None) -> "ClientCertificate | None":
    if not certificate:
        if key:
            raise UsageError("--client-key without a certificate", "name its certificate with --client-cert")
        return None
    chain, secret = config.client_certificate(certificate, key)

    from cryptography.exceptions import UnsupportedAlgorithm
    from OpenSSL import SSL, crypto

    from probe.observe import ClientCertificate
    from probe.observe.tls import context

    found = ClientCertificate(chain=chain, key=secret)
    try:
        context(found)
    except (SSL.Error, crypto.Error, ValueError, TypeError, UnsupportedAlgorithm):
        # What it says is not shown: it may hold the key.
        hint = "the key must be the certificate's own, in PEM, and without a passphrase"
        raise ConfigError(f"{certificate} and its key cannot be used together", hint) from None
    return found
