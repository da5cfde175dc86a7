"""The commands. Each loads its room inside the function, so that `probe explain` never waits for trio."""

import sys
from typing import Annotated

import typer

from probe.cli import options as o


def _version(wanted: bool) -> None:
    if wanted:
        import probe

        print(f"probe {probe.__version__}")
        raise typer.Exit


def front(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Look at the TLS of mail servers and say what is wrong, in Exchange Online's words, and how to mend it.

    `probe TARGET...` is short for `probe check TARGET...`.

    Exit code: 0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN and every fault of our own.
    """


def check(
    targets: o.Targets,
    resolver: o.Resolvers = [],  # noqa: B006 - typer copies it
    connect: o.Connect = [],  # noqa: B006
    sni: o.Sni = None,
    ehlo: o.Ehlo = None,
    only_v4: o.OnlyV4 = False,
    only_v6: o.OnlyV6 = False,
    timeout: o.Timeout = None,
    repeat: o.Repeat = 1,
    parallel: o.Parallel = 64,
    client_cert: o.ClientCert = None,
    client_key: o.ClientKey = None,
    expect_thumbprint: o.ExpectThumbprint = [],  # noqa: B006
    expect_name: o.ExpectName = None,
    expect_certificate: o.ExpectCertificate = None,
    auth_level: o.AuthLevelOption = None,
    min_tls: o.MinTls = None,
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    roots: o.Roots = [],  # noqa: B006
    at: o.At = None,
    format: o.FormatOption = o.Format.TEXT,  # noqa: A002
    chain: o.Chain = None,
    evidence: o.EvidenceOut = None,
    transcript: o.Transcript = False,
    verbose: o.Verbose = False,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> int:
    """Probe targets: resolve, connect, EHLO, STARTTLS, take down the chain, and judge it."""
    from probe import config
    from probe.cli import settings
    from probe.cli.printer import Printer

    found = list(config.targets(targets))
    standard = settings.standard(
        expect_thumbprint, expect_name, expect_certificate, auth_level, min_tls, warn_days, warn_lifetime
    )
    anchors = config.anchors(roots or ["certifi"])
    moment = None if at is None else config.moment(at)
    settings.agree(found, standard, only_v4=only_v4, only_v6=only_v6, connect=connect)
    lists = [word[1:] for word in targets if word.startswith("@")]
    settings.outputs([evidence, chain], [*lists, *roots, client_cert, client_key])
    manner, world = settings.looking(
        resolver=resolver,
        connect=connect,
        sni=sni,
        ehlo=ehlo,
        families=frozenset({4} if only_v4 else {6} if only_v6 else {4, 6}),
        timeout=timeout,
        repeat=repeat,
        parallel=parallel,
        client_cert=client_cert,
        client_key=client_key,
    )
    with Printer(
        format,
        standard,
        anchors,
        moment,
        verbosity=settings.verbosity(verbose, quiet),
        transcript=transcript,
        colour=not no_color,
        several=len(found) > 1,
        chain=chain,
        evidence=evidence,
    ) as printer:
        from probe.cli.live import probe_live

        probe_live(found, world, manner, parallel, printer, greet=ehlo is None)
        return printer.finish()


def judge(
    files: o.EvidenceFiles,
    expect_thumbprint: o.ExpectThumbprint = [],  # noqa: B006
    expect_name: o.ExpectName = None,
    expect_certificate: o.ExpectCertificate = None,
    auth_level: o.AuthLevelOption = None,
    min_tls: o.MinTls = None,
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    roots: o.Roots = [],  # noqa: B006
    at: o.At = None,
    format: o.FormatOption = o.Format.TEXT,  # noqa: A002
    chain: o.Chain = None,
    transcript: o.Transcript = False,
    verbose: o.Verbose = False,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> int:
    """Judge saved evidence again, without touching the network."""
    from probe import config
    from probe.cli import settings
    from probe.cli.printer import Printer

    standard = settings.standard(
        expect_thumbprint, expect_name, expect_certificate, auth_level, min_tls, warn_days, warn_lifetime
    )
    anchors = config.anchors(roots or ["certifi"])
    moment = None if at is None else config.moment(at)
    found = [evidence for file in files for evidence in config.evidence(file)]
    settings.agree([evidence.target for evidence in found], standard)
    settings.outputs([chain], [*files, *roots])
    with Printer(
        format,
        standard,
        anchors,
        moment,
        verbosity=settings.verbosity(verbose, quiet),
        transcript=transcript,
        colour=not no_color,
        several=len(found) > 1,
        chain=chain,
    ) as printer:
        for evidence in found:
            printer.deliver(evidence)
        return printer.finish()


def explain(
    code: Annotated[str | None, typer.Argument(help="A finding's code. Without one, all are listed.")] = None,
    no_color: o.NoColor = False,
) -> int:
    """Say what a finding means, where it comes from, and how to mend it."""
    from probe.cli.terminal import write
    from probe.errors import UsageError
    from probe.judge.catalogue import CATALOGUE
    from probe.report.explain import listing, page

    if code is None:
        write(listing(CATALOGUE.values()), colour=not no_color)
        return 0
    if code not in CATALOGUE:
        from difflib import get_close_matches

        near = get_close_matches(code, CATALOGUE, 1)
        hint = f"did you mean {near[0]}?" if near else "`probe explain` lists them all"
        raise UsageError(f"there is no finding `{code}`", hint)
    write(page(CATALOGUE[code]), colour=not no_color)
    return 0


def schema() -> int:
    """Print the JSON Schema of the JSON report."""
    import json

    from probe.report.json import schema as generated

    json.dump(generated(), sys.stdout, indent=2)
    print()
    return 0


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Keep the estate up, and print where to find it.")] = False,
    no_color: o.NoColor = False,
) -> int:
    """Probe a broken hybrid estate that is built for it on loopback."""
    from probe.cli.demonstration import serve_it, show_it

    return serve_it() if serve else show_it(colour=not no_color)
