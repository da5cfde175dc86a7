"""The middle of the plan: servers get the certificate, its issuers and its key, and connectors are pointed at it."""

from collections.abc import Iterator, Sequence
from itertools import product

from probe.judge.catalogue.words import IMPORT_CERTIFICATE, RESTART
from probe.judge.certificate import Certificate, parse
from probe.judge.dane.said import several
from probe.judge.hybrid.connectors import edge_servers
from probe.judge.hybrid.rehearsal.case import MOST_SERVERS, Case, Connector
from probe.judge.hybrid.rehearsal.step import Step, mailbox_servers, on_servers, receiving, sending, shared
from probe.model import Finding, Names, items

_BY_EDGESYNC = (
    "The send connectors of an Edge server are set on a mailbox server; run Start-EdgeSynchronization there after it."
)
_NAME = "    $n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject"
_TAKE = ("    $c = Get-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>'", _NAME)
_TAKE_FROM_HOLDER = ("    $c = Get-ExchangeCertificate -Server '<HOLDER>' -Thumbprint '<THUMBPRINT>'", _NAME)
_TAKE_FROM_EDGE = "    $n = '<NAME>'"  # no server that has it can be asked from where the connector is set


def installed(case: Case, faults: Sequence[Finding]) -> Iterator[Step]:
    if case.lacking:
        names = on_servers(case, case.lacking)
        missing = f"By the exports these lack it: {several(case.lacking, ', ')}. "
        if not case.organisation.certificates:
            missing = "Which servers have it is not in the exports. "
        why = f"{missing}Keep the old PFX file for the way back."
        yield from shared("import", imported(case, case.lacking), names, why=why, answers=("rehearsal-servers",))
    yield from _intermediates(case, faults)
    yield Step(
        key="key",
        instruction="See that every server has the private key: HasPrivateKey is True, and Status is Valid:",
        commands=(
            (
                "    Get-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>' | "
                "Format-List HasPrivateKey, Status"
            ),
        ),
        why="Without a key that the service can read, sending fails with NoCredentials, and STARTTLS goes.",
        names=on_servers(case, case.servers),
        answers=("rehearsal-servers",),
    )
    services = [name for name in items(case.today.services) if name.upper() != "SMTP"] if case.today else []
    others = f" Today's one serves {several(services, ', ')} as well: enable those, too, if it is to follow there."
    yield Step(
        key="enable",
        instruction="Enable it for SMTP, line by line; asked whether to overwrite the default certificate, answer No:",
        commands=("    Enable-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>' -Services SMTP",),
        why="Whether a certificate that connectors name needs the service is told either way; it does no harm. The "
        f"default one also secures traffic between servers and to Edge.{others if services else ''}",
        names=on_servers(case, case.servers),
    )


def imported(case: Case, servers: Sequence[str]) -> tuple[str, ...]:
    """How these servers get the certificate. An Edge server asks for the password itself."""
    return IMPORT_CERTIFICATE if mailbox_servers(case, servers) else IMPORT_CERTIFICATE[2:]


def _intermediates(case: Case, faults: Sequence[Finding]) -> Iterator[Step]:
    if not any(fault.code == "rehearsal-intermediate" for fault in faults):
        return
    above = [link for link in map(parse, case.chain[1:]) if isinstance(link, Certificate) and link.is_ca]
    links = [link.sha1.upper() for link in above if not link.self_signed]
    by, values = ("Thumbprint", links) if links else ("Subject", [case.leaf.issuer])
    blank = "THUMBPRINT" if links else "NAME"
    look = f"{{ Get-ChildItem Cert:\\LocalMachine\\CA | Where-Object {by} -eq '<{blank}>' }}"
    rows = tuple((("SERVER", server), (blank, value)) for server, value in product(case.servers, values))[:MOST_SERVERS]
    yield Step(
        key="intermediate",
        instruction="See whether every server holds the intermediate certificate; each has to print one:",
        commands=(f"    Invoke-Command '<SERVER>' {look}",),
        why="Exchange sends the intermediates that it finds in its own store, and Exchange Online fetches none: where "
        "one is missing, it says UntrustedRoot. From outside that store cannot be seen.",
        names=Names(servers=rows),
        answers=("rehearsal-intermediate",),
    )
    yield Step(
        key="intermediate",
        instruction="Where nothing was printed, import it, on that server itself:",
        commands=("    Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",),
        answers=("rehearsal-intermediate",),
    )


def pointed(case: Case, changing: Sequence[Connector], again: str = "") -> Iterator[Step]:
    """From here on these connectors name the new certificate."""
    common = (("THUMBPRINT", case.thumbprint),)
    copied = f" {_BY_EDGESYNC}" if edge_servers(case.organisation) else ""
    holder = mailbox_servers(case)
    take = _TAKE_FROM_HOLDER if holder else (_TAKE_FROM_EDGE,)
    read = "" if holder else " See that $n is what $c.Issuer and $c.Subject say at the Edge server's console."
    if receive := receiving(case, changing):
        yield Step(
            key=f"receive{again}",
            instruction="Point the receive connectors at it:",
            commands=(*_TAKE, "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsCertificateName $n"),
            why="A connector that names no installed certificate offers no STARTTLS (event 12014); Exchange Online "
            "then says 451 5.7.3 STARTTLS is required to send mail.",
            names=Names(common=common, servers=receive),
            answers=("rehearsal-connector",),
        )
    if send := sending(case, changing):
        yield Step(
            key=f"send{again}",
            instruction="Point the send connectors at it, in the same window:",
            commands=(*take, "    Set-SendConnector '<SEND-CONNECTOR>' -TlsCertificateName $n"),
            why="Otherwise mail waits with 454 4.7.5 The certificate specified in TlsCertificateName of the "
            f"SendConnector could not be found.{copied}{read}",
            names=Names(common=(*common, ("NAME", case.identity)), servers=send),
            answers=("rehearsal-connector",),
        )


def restarted(case: Case, key: str = "restart") -> Iterator[Step]:
    """The restart that makes Exchange look for its certificate anew."""
    yield Step(
        key=key,
        instruction="Restart transport, one server after the other; see that each takes mail before the next:",
        commands=RESTART,
        why="Until then Exchange may go on with the certificate that it has in memory.",
        names=on_servers(case, case.servers),
        answers=("rehearsal-same-name",),
    )


def unnamed(case: Case, connectors: Sequence[Connector], key: str, when: str) -> Iterator[Step]:
    """Exchange removes no certificate whose name a connector bears; with two of one name that is either."""
    for rows, command in (
        (sending(case, connectors), "    Set-SendConnector '<SEND-CONNECTOR>' -TlsCertificateName $null"),
        (receiving(case, connectors), "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsCertificateName $null"),
    ):
        if rows:
            yield Step(
                key=key,
                instruction=f"{when}, take the name from the {'send' if 'Send' in command else 'receive'} connectors:",
                commands=(command,),
                why="Exchange keeps what a connector names, and the old certificate bears the same name. Until the "
                "name is back, another certificate may be shown, and mail from Exchange Online waits.",
                names=Names(servers=rows),
                answers=("rehearsal-same-name",),
            )
