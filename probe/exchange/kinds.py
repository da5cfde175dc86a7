"""Which kind of object is this: by where it stands in the collector's file, by its type, or by what properties it has.

An object that went through `| fl Name,TlsDomain,TlsCertificateName` has three properties and no type. The kind is then
the one to which the most of them belong, where that is one kind alone.
"""

from enum import Enum

from probe.exchange.raw import Raw


class Kind(Enum):
    """A cmdlet's objects. OTHER are known, and say nothing that is needed."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    SEND = "send"
    RECEIVE = "receive"
    CERTIFICATE = "certificate"
    DOMAIN = "domain"
    HYBRID = "hybrid"
    SERVER = "server"
    PROBLEM = "problem"
    OTHER = "other"


_SECTIONS = {
    "inbound": Kind.INBOUND,
    "outbound": Kind.OUTBOUND,
    "send": Kind.SEND,
    "receive": Kind.RECEIVE,
    "certs": Kind.CERTIFICATE,
    "certificates": Kind.CERTIFICATE,
    "domains": Kind.DOMAIN,
    "hybrid": Kind.HYBRID,
    "servers": Kind.SERVER,
    "transport": Kind.OTHER,
    "errors": Kind.PROBLEM,
}
_TYPES = {
    "tenantinboundconnector": Kind.INBOUND,
    "inboundconnector": Kind.INBOUND,
    "tenantoutboundconnector": Kind.OUTBOUND,
    "outboundconnector": Kind.OUTBOUND,
    "smtpsendconnectorconfig": Kind.SEND,
    "sendconnector": Kind.SEND,
    "receiveconnector": Kind.RECEIVE,
    "exchangecertificate": Kind.CERTIFICATE,
    "x509certificate2": Kind.CERTIFICATE,
    "accepteddomain": Kind.DOMAIN,
    "hybridconfiguration": Kind.HYBRID,
    "exchangeserver": Kind.SERVER,
    "domaincontentconfig": Kind.OTHER,  # Get-RemoteDomain's
    "transportconfigcontainer": Kind.OTHER,
    "transportserver": Kind.OTHER,
    "transportservice": Kind.OTHER,
    "frontendtransportserver": Kind.OTHER,
    "frontendtransportservice": Kind.OTHER,
}
_PROPERTIES = {
    kind: frozenset(names.split())
    for kind, names in {
        Kind.INBOUND: """connectortype connectorsource requiretls cloudservicesmailenabled senderdomains
            senderipaddresses trustedorganizations clienthostnames associatedaccepteddomains
            restrictdomainstoipaddresses restrictdomainstocertificate treatmessagesasinternal tlssendercertificatename
            eftestmode efskiplastip efskipips efskipmailgateway efusers scananddroprecipients""",
        Kind.OUTBOUND: """connectortype connectorsource cloudservicesmailenabled tlsdomain smarthosts usemxrecord
            recipientdomains tlssettings istransportrulescoped routeallmessagesviaonpremises allaccepteddomains
            senderrewritingenabled mtastsmode smtpdanemode testmode validationrecipients isvalidated
            lastvalidationtimestamp""",
        Kind.SEND: """connectortype requiretls cloudservicesmailenabled tlsdomain smarthosts fqdn tlscertificatename
            protocollogginglevel domainsecureenabled addressspaces dnsroutingenabled tlsauthlevel ignorestarttls
            frontendproxyenabled sourcetransportservers forcehelo smarthostauthmechanism smarthostsstring errorpolicies
            requireoorg useexternaldnsserversenabled smtpmaxmessagesperconnection port isscopedconnector""",
        Kind.RECEIVE: """requiretls fqdn tlscertificatename protocollogginglevel domainsecureenabled server
            authmechanism tlsdomaincapabilities bindings remoteipranges permissiongroups suppressxanonymoustls
            transportrole banner requireehlodomain enableauthgssapi extendedprotectionpolicy servicediscoveryfqdn""",
        Kind.CERTIFICATE: """thumbprint subject issuer serialnumber notbefore notafter certificatedomains services
            status rootcatype hasprivatekey isselfsigned publickeysize accessrules rawdata friendlyname""",
        Kind.DOMAIN: """domainname domaintype matchsubdomains default addressbookenabled outboundonly
            sendingfromdomaindisabled""",
        Kind.HYBRID: """tlscertificatename onpremisessmarthost domains features receivingtransportservers
            sendingtransportservers edgetransportservers clientaccessservers serviceinstance""",
        Kind.SERVER: """fqdn admindisplayversion serverrole isedgeserver edition ismailboxserver ishubtransportserver
            site domain""",
        Kind.OTHER: """tlssenddomainsecurelist tlsreceivedomainsecurelist internaltransportcertificatethumbprint
            sendprotocollogpath receiveprotocollogpath intraorgconnectorprotocollogginglevel
            isinternal targetdeliverydomain allowedooftype autoreplyenabled autoforwardenabled
            x509certificatename sslbindings unencryptedortlsbindings logintype""",
    }.items()
}
# Without these there is nothing to go by, whatever else it has.
_NEEDED = {
    Kind.CERTIFICATE: frozenset({"thumbprint", "rawdata"}),
    Kind.DOMAIN: frozenset({"domainname"}),
    Kind.SERVER: frozenset({"name", "fqdn"}),
}


def kind(raw: Raw) -> Kind | None:
    """The kind; None where it is unknown or cannot be told."""
    found = _SECTIONS.get((raw.section or "").casefold()) or _of_types(raw.types) or _of_properties(raw)
    if found in _NEEDED and not _NEEDED[found] & raw.properties.keys():
        return None
    return found


def _of_types(types: tuple[str, ...]) -> Kind | None:
    """`Microsoft.Exchange.Data….ReceiveConnector`; from a remote session with `Deserialized.` in front."""
    named = (_TYPES.get(name.rpartition(".")[2].casefold()) for name in types)
    return next((found for found in named if found), None)


def _of_properties(raw: Raw) -> Kind | None:
    hits = {found: len(names & raw.properties.keys()) for found, names in _PROPERTIES.items()}
    best = max(hits.values())
    winners = [found for found, count in hits.items() if count == best]
    if best == 0:
        return None
    if len(winners) > 1 and Kind.RECEIVE in winners and "\\" in str(raw.properties.get("identity")):
        return Kind.RECEIVE  # its Identity alone is SERVER\\Name
    return winners[0] if len(winners) == 1 and (best > 1 or _is_telling(raw, winners[0])) else None


def _is_telling(raw: Raw, winner: Kind) -> bool:
    """Whether the one property that is there is none that objects of any program may have."""
    everyday = {"default", "status", "services", "subject", "domains", "features", "site", "domain", "server", "port"}
    return bool(_PROPERTIES[winner] & raw.properties.keys() - everyday)
