"""The commands that judge. Each loads its room inside the function, so that `probe explain` never waits for trio."""

from probe.cli import options as o


def check(
    targets: o.Targets = None,
    connectors: o.Connectors = [],  # noqa: B006
    resolver: o.Resolvers = [],  # noqa: B006 - typer copies it
    trust_ad: o.TrustAd = False,
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
    remember: o.Remember = None,
    expect_thumbprint: o.ExpectThumbprint = [],  # noqa: B006
    expect_name: o.ExpectName = None,
    expect_certificate: o.ExpectCertificate = None,
    auth_level: o.AuthLevelOption = None,
    dane: o.Dane = o.Want.AUTO,
    mta_sts: o.MtaSts = o.Want.AUTO,
    tlsrpt: o.TlsRpt = o.Want.AUTO,
    next_certificate: o.NextCertificate = None,
    min_tls: o.MinTls = None,
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    roots: o.Roots = [],  # noqa: B006
    at: o.At = None,
    format: o.FormatOption = o.Format.TEXT,  # noqa: A002
    reports: o.Reports = None,
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

    organisation = config.organisation(connectors) if connectors else None
    words = settings.words(targets, organisation)
    found = list(config.targets(words))
    standard = settings.standard(
        expect_thumbprint, expect_name, expect_certificate, auth_level, min_tls, warn_days, warn_lifetime
    )
    standard = settings.promised(standard, dane, mta_sts, tlsrpt, next_certificate)
    anchors = config.anchors(roots or ["certifi"])
    moment = None if at is None else config.moment(at)
    settings.agree(found, standard, only_v4=only_v4, only_v6=only_v6, connect=connect, remember=remember)
    settings.reporting(found, format, reports)
    lists = [word[1:] for word in words if word.startswith("@")]
    read = [*lists, *connectors, *roots, client_cert, client_key, next_certificate]
    settings.outputs([evidence, chain, remember], read)
    memory = config.Memory(remember) if remember else None
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
        standard=standard,
        trust_ad=trust_ad,
        remembered=memory.policies if memory else {},
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
        reports=reports,
        memory=memory,
        organisation=organisation,
    ) as printer:
        from probe.cli.live import probe_live

        probe_live(found, world, manner, parallel, printer, greet=ehlo is None)
        return printer.finish()


def judge(
    files: o.EvidenceFiles,
    connectors: o.Connectors = [],  # noqa: B006
    expect_thumbprint: o.ExpectThumbprint = [],  # noqa: B006
    expect_name: o.ExpectName = None,
    expect_certificate: o.ExpectCertificate = None,
    auth_level: o.AuthLevelOption = None,
    dane: o.Dane = o.Want.AUTO,
    mta_sts: o.MtaSts = o.Want.AUTO,
    tlsrpt: o.TlsRpt = o.Want.AUTO,
    next_certificate: o.NextCertificate = None,
    min_tls: o.MinTls = None,
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    roots: o.Roots = [],  # noqa: B006
    at: o.At = None,
    format: o.FormatOption = o.Format.TEXT,  # noqa: A002
    reports: o.Reports = None,
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
    from probe.model import RouteKind

    standard = settings.standard(
        expect_thumbprint, expect_name, expect_certificate, auth_level, min_tls, warn_days, warn_lifetime
    )
    standard = settings.promised(standard, dane, mta_sts, tlsrpt, next_certificate)
    anchors = config.anchors(roots or ["certifi"])
    organisation = config.organisation(connectors) if connectors else None
    moment = None if at is None else config.moment(at)
    found = [evidence for file in files for evidence in config.evidence(file)]
    settings.agree([evidence.target for evidence in found], standard)
    inbound = [evidence.target for evidence in found if evidence.route.kind is RouteKind.INBOUND]
    settings.reporting([evidence.target for evidence in found], format, reports, inbound)
    settings.outputs([chain], [*files, *connectors, *roots, next_certificate])
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
        reports=reports,
        organisation=organisation,
    ) as printer:
        for evidence in found:
            printer.deliver(evidence)
        return printer.finish()
