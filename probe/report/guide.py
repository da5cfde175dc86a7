"""How to make one's own servers deliver to the listener once, as PowerShell, and how to undo it.

A temporary send connector has the same inputs as the hybrid one for choosing a certificate, serves a domain that nobody
has (RFC 2606 §2), and is content with encryption, so that our own certificate need not be trusted. What the exports
know of the hybrid connector stands in the commands; what they do not know, PowerShell asks for.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from probe.judge.hybrid.connectors import edge_servers, names, to_microsoft
from probe.judge.hybrid.installed import short
from probe.model import Gap, Many, Organisation, SendConnector
from probe.report.blanks import blanks, filled
from probe.report.layout import BLANK, MARGIN, WIDTH, Line, Span, wrapped

SUBJECT = "TLS probe (temporary)"
SMTP_PORT = 25

_FIRST = "Get-SendConnector | Where-Object CloudServicesMailEnabled | Select-Object -First 1"
_SEND = (
    "Invoke-Command -ComputerName $server -ArgumentList $path, $mail { param($path, $mail) if ($path) { "
    'Set-Content "$path\\probe.txt" $mail; Rename-Item "$path\\probe.txt" "probe-$(Get-Random).eml" } }'
)


def guide(organisation: Organisation | None, at: datetime, *, host: str | None, port: int) -> list[Line]:
    """The steps in their order. `host` is the listener's name or address as the servers reach it, None: to be filled
    in; `at` is today."""
    found = to_microsoft(organisation) if organisation else ()
    like: Sequence[SendConnector | None] = found or (None,)
    edges = _edges(organisation, found) if organisation else ()
    steps = (
        _listening(port),
        _creating(like, host, port, edges=edges, none=organisation is not None and not found),
        _sending(like, _domain(organisation, at), edges),
        _reading(),
        _removing(len(like)),
    )
    lines = list(_prose(_WHAT))
    for number, step in enumerate(steps, 1):
        title, *rest = step
        lines += [BLANK, (Span(f"{number}. {title}", "strong"),)]
        for text in rest:
            lines += [_command(text)] if text.startswith(" ") else _prose(text, MARGIN)
    return lines


_WHAT = (
    "No probe from outside can see which certificate your servers show when they send. This makes them deliver a test "
    "message to the listener as they deliver to Exchange Online, by a send connector that chooses its certificate by "
    "the same inputs. No other mail goes that way. The commands are put together from documentation, and were tried on "
    "no Exchange: read before you paste."
)


def _listening(port: int) -> Iterator[str]:
    yield "Let the listener run where your servers reach it"
    yield f"  probe listen {port} --connectors <EXPORT>"
    yield (
        "It hears loopback and private networks. If your servers come from elsewhere, name their addresses with "
        "--allow, and have the firewall let them through. contrib/Export-ProbeConnectors.ps1 makes the export."
    )


def _creating(
    like: Sequence[SendConnector | None], host: str | None, port: int, *, edges: Sequence[str], none: bool
) -> Iterator[str]:
    yield "Create the connector, in the Exchange Management Shell"
    if none:
        yield (
            "The exports show no enabled send connector to Exchange Online. The first one for hybrid mail that "
            "Exchange knows is taken; if it is another, name it after Get-SendConnector."
        )
    elif like == (None,):
        yield "With several hybrid send connectors, name the one in question after Get-SendConnector instead."
    if len(like) > 1:
        yield f"{len(like)} send connectors lead to Exchange Online, and each gets one: leave out what you like."
    place = f"-SmartHosts {_quoted(host, 'HOST')} -DNSRoutingEnabled $false"
    place += f" -Port {port}" if port != SMTP_PORT else ""
    for number, connector in enumerate(like, 1):
        new = _variable(number)
        yield from (_written(connector, new) if connector else ()) or _asked(connector, new)
        yield (
            f"  New-SendConnector -Name '{_name(number)}' @{new} -AddressSpaces 'smtp:{_space(number)};1' {place} "
            "-RequireTLS $true -TlsAuthLevel EncryptionOnly -ProtocolLoggingLevel Verbose"
        )
    if edges:
        yield f"An Edge server gets it with the next synchronization ({', '.join(edges)}):"
        yield "  Start-EdgeSynchronization"
    yield "Wait a minute, until the servers know of it. Of a smart host's name, DNS should have an address and no MX."


def _written(connector: SendConnector, new: str) -> tuple[str, ...]:
    """The inputs as the exports have them; empty where they do not have all of them, or one cannot be pasted. An empty
    name of a certificate is not the same as none: what is null stays away."""
    servers, proxy = connector.source_transport_servers, connector.frontend_proxy_enabled
    texts = {"TlsCertificateName": connector.tls_certificate_name, "Fqdn": connector.fqdn}
    if not isinstance(servers, Many) or servers.cut or not servers.items or not isinstance(proxy, bool):
        return ()
    if any(isinstance(value, Gap) for value in texts.values()):
        return ()
    lines = [f"  ${new} = @{{}}"]
    lines += [f"  ${new}.{key} = {_quoted(str(value), 'NAME')}" for key, value in texts.items() if value]
    listed = ", ".join(_quoted(server.rpartition("/")[2], "SERVER") for server in servers.items)
    lines += [
        f"  ${new}.FrontendProxyEnabled = ${str(proxy).lower()}",
        f"  ${new}.SourceTransportServers = @({listed})",
    ]
    return () if any(_open(line) for line in lines) else tuple(lines)


def _asked(connector: SendConnector | None, new: str) -> Iterator[str]:
    """The same inputs, asked of Exchange."""
    named = f"Get-SendConnector {_quoted(connector.name, 'SEND-CONNECTOR')}" if connector else _FIRST
    yield f"  $like = {named}"
    yield f"  ${new} = @{{}}"
    for key in ("TlsCertificateName", "Fqdn"):
        yield f'  if ("$($like.{key})") {{ ${new}.{key} = "$($like.{key})" }}'
    yield f"  ${new}.FrontendProxyEnabled = $like.FrontendProxyEnabled"
    bare = "ForEach-Object { (\"$_\" -split '/')[-1] }"
    yield f"  ${new}.SourceTransportServers = @($like.SourceTransportServers | {bare})"


def _sending(like: Sequence[SendConnector | None], domain: str | None, edges: Sequence[str]) -> Iterator[str]:
    yield "Send a test message from each source server, as an administrator of theirs"
    for number in range(1, len(like) + 1):
        heads = f"'From: postmaster@<DOMAIN>', 'To: probe@{_space(number)}', 'Subject: {SUBJECT}'"
        yield filled(f"  $mail = @({heads}, '', 'A test.')", {"DOMAIN": domain or ""})
        loop = f"foreach ($server in ${_variable(number)}.SourceTransportServers)"
        yield f'  {loop} {{ $path = "$((Get-TransportService $server).PickupDirectoryPath)"; {_SEND} }}'
    yield (
        "What lies in its pickup directory, the transport service of that very server sends within seconds. Where you "
        "may not write there, send a message from a mailbox to that address: which of the source servers takes it is "
        "then chance."
    )
    if edges:
        yield (
            "At an Edge server, write the file at its own console: remote commands of the domain do not reach it "
            f"({', '.join(edges)})."
        )


def _reading() -> Iterator[str]:
    yield "Read what the listener prints"
    yield (
        "Of each delivery it says which certificate and chain were shown and, with the export, whether Exchange Online "
        "would attribute it to your tenant. The address and the EHLO name tell the server; with FrontendProxyEnabled "
        "the connection comes from a front end, which may be another server's. Every server should have come. Answered "
        "451, the message stays queued and comes again every few minutes. If nobody comes, the queue says why:"
    )
    yield (
        "  Get-TransportService | ForEach-Object { Get-Queue -Server $_.Name -Filter \"Status -eq 'Retry'\" } | "
        "Format-List Identity, NextHopDomain, LastError"
    )


def _removing(several: int) -> Iterator[str]:
    yield "Remove everything: the messages first, which else would go another way"
    these = f"-Server $_.Name -Filter \"Subject -eq '{SUBJECT}'\""
    yield f"  Get-TransportService | ForEach-Object {{ Remove-Message {these} -WithNDR $false -Confirm:$false }}"
    for number in range(1, several + 1):
        yield f"  Remove-SendConnector '{_name(number)}' -Confirm:$false"
    yield "A message that is just being delivered goes as soon as that has failed. Then end the listener."


def _domain(organisation: Organisation | None, at: datetime) -> str | None:
    return dict(names(organisation, at).common).get("DOMAIN") if organisation else None


def _edges(organisation: Organisation, found: Sequence[SendConnector]) -> tuple[str, ...]:
    """The source servers that are Edge servers, fit to be shown."""
    known = edge_servers(organisation)
    listed = (
        server
        for one in found
        if isinstance(one.source_transport_servers, Many)
        for server in one.source_transport_servers.items
    )
    return tuple(dict.fromkeys(name for name in map(short, listed) if name in known and name.isprintable()))


def _variable(number: int) -> str:
    return "probe" if number == 1 else f"probe{number}"


def _name(number: int) -> str:
    return SUBJECT if number == 1 else SUBJECT.replace(" (", f" {number} (")


def _space(number: int) -> str:
    return f"tls{_variable(number)}.invalid"


def _quoted(value: str | None, blank: str) -> str:
    """The value as a string of PowerShell; the blank, where it is not known or not fit to be pasted."""
    return filled(f"$x = '<{blank}>'", {blank: value or ""}).removeprefix("$x = ")


def _open(line: str) -> bool:
    return next(blanks(line), None) is not None


def _prose(text: str, margin: str = "") -> Iterator[Line]:
    return wrapped(text, width=WIDTH, indent=len(margin))


def _command(text: str) -> Line:
    """Never wrapped: it is for copying."""
    return (Span(f"{MARGIN}{text}", "command"),)
