"""Exchange's enumerations: the names of their values in the order of their numbers.

ConvertTo-Json of Windows PowerShell writes numbers, most others names. A number is translated only where it is known;
None stands for the numbers that are not. Names that are not listed here are kept as they are.
"""

from collections.abc import Mapping

Numbers = Mapping[str, int | None]

# Numbers 1, 2 and 4 are Exchange's own. A null stands for no authentication at all.
AUTH_LEVEL: Numbers = {"EncryptionOnly": 1, "CertificateValidation": 2, "DomainValidation": 4}
CONNECTOR_TYPE: Numbers = {"OnPremises": None, "Partner": None}
CONNECTOR_SOURCE: Numbers = {"Default": None, "HybridWizard": None, "Migrated": None, "AdminUI": None}
SEND_CONNECTOR_TYPE: Numbers = {"Default": 0, "XPremises": None}
STS_MODE: Numbers = {"Opportunistic": None, "None": None}
DANE_MODE: Numbers = {"Opportunistic": None, "Mandatory": None, "None": None}
LOGGING: Numbers = {"None": 0, "Verbose": 1}
TRANSPORT_ROLE: Numbers = {"HubTransport": 32, "FrontendTransport": 16384}
DOMAIN_TYPE: Numbers = {"Authoritative": None, "InternalRelay": None, "ExternalRelay": None}
STATUS: Numbers = {
    "Valid": 1,
    **dict.fromkeys(
        ("Unknown", "Revoked", "DateInvalid", "Untrusted", "Invalid", "RevocationCheckFailure", "PendingRequest")
    ),
}
ROOT_CA_TYPE: Numbers = {
    "None": 0,
    "ThirdParty": None,
    "Enterprise": None,
    "Registry": 3,
    "GroupPolicy": None,
    "Unknown": None,
}

# Flags: several at once, by comma or by sum. The last of the first two tables are less sure than the rest.
AUTH_MECHANISM: Mapping[str, int] = {
    "Tls": 1,
    "Integrated": 2,
    "BasicAuth": 4,
    "BasicAuthRequireTLS": 8,
    "ExchangeServer": 16,
    "ExternalAuthoritative": 32,
}
PERMISSION_GROUPS: Mapping[str, int] = {
    "AnonymousUsers": 1,
    "ExchangeUsers": 2,
    "ExchangeServers": 4,
    "ExchangeLegacyServers": 8,
    "Partners": 16,
    "Custom": 32,
}
SERVICES: Mapping[str, int] = {
    "IMAP": 1,
    "POP": 2,
    "UM": 4,
    "IIS": 8,
    "SMTP": 16,
    "Federation": 32,
    "UMCallRouter": 64,
}
SERVICE_LETTERS = "IPUWSFR"  # the column of Format-Table, `IP.WS..`, in the order of SERVICES
CAPABILITIES: Mapping[str, int] = {  # by code of 2013
    "AcceptOorgHeader": 1,
    "AcceptOorgProtocol": 2,
    "AcceptProxyProtocol": 4,
    "AcceptProxyFromProtocol": 8,
    "AcceptProxyToProtocol": 16,
    "AcceptXAttrProtocol": 32,
    "AcceptOrgHeaders": 64,
    "AcceptXSysProbeProtocol": 128,
    "AcceptCrossForestMail": 256,
    "AcceptCloudServicesMail": 512,
    "AllowSubmit": 1024,
    "AcceptXOriginalFromProtocol": 2048,
    "AllowConsumerMail": 4096,
}


def named(text: str, table: Mapping[str, int | None] | Mapping[str, int]) -> str:
    """The name as Exchange spells it; as it is where the table doesn't have it."""
    folded = text.strip().casefold()
    return next((name for name in table if name.casefold() == folded), text.strip())


def numbered(number: int, table: Mapping[str, int | None]) -> str | None:
    """The name of a number; None where it is not known."""
    return next((name for name, known in table.items() if known == number), None)


def flagged(number: int, table: Mapping[str, int]) -> tuple[str, ...] | None:
    """The names of a sum of flags; None where a bit is not known."""
    if number < 0 or number & ~sum(table.values()):
        return None
    return tuple(name for name, bit in table.items() if number & bit)


def ordered(names: tuple[str, ...], table: Mapping[str, int]) -> tuple[str, ...]:
    """Each name once, in the table's order; `None` stands for no flag at all, and what is not known comes last."""
    found = dict.fromkeys(named(name, table) for name in names if name.strip() and name.strip().casefold() != "none")
    return (*(name for name in table if name in found), *(name for name in found if name not in table))
