"""`Get-ExchangeCertificate`'s objects. Where RawData is there, what the certificate says of itself is read from it."""

import re

from probe.exchange.as_text import server, text_of
from probe.exchange.enumerations import ROOT_CA_TYPE, SERVICE_LETTERS, SERVICES, STATUS
from probe.exchange.fields import Fields
from probe.exchange.identifiers import SHA1, distinguished_name, thumbprint
from probe.exchange.raw import Value
from probe.judge.certificate import Certificate, Unreadable, parse
from probe.model import ExchangeCertificate, Gap, List, Many, Text

_ADDRESS = re.compile(r"[0-9.]+|.*:.*")  # by which a session may have been opened: it names no server


def certificate(of: Fields) -> tuple[ExchangeCertificate | None, bool]:
    """The certificate, None where nothing names it; and whether its server is only that of the session."""
    der, printed = of.octets("rawdata"), thumbprint(of, "thumbprint")
    found = parse(der) if der else None
    if isinstance(found, Unreadable):
        of.remark("rawdata-unreadable", "rawdata", found.error)
    holder, from_session = _server(of)
    if isinstance(found, Certificate):
        if isinstance(printed, str) and SHA1.fullmatch(printed) and printed != found.sha1.upper():
            of.remark("rawdata-disagrees", "thumbprint", printed)
        return _of_der(of, found, holder), from_session
    if not isinstance(printed, str):
        return None, False
    return _as_printed(of, printed, holder), from_session


def _of_der(of: Fields, found: Certificate, holder: Text) -> ExchangeCertificate:
    return ExchangeCertificate(
        thumbprint=found.sha1.upper(),
        server=holder,
        subject=found.subject,
        issuer=found.issuer,
        serial=found.serial,
        not_before=found.not_before,
        not_after=found.not_after,
        domains=Many(found.names),
        services=_services(of),
        status=of.word("status", STATUS),
        has_private_key=of.flag("hasprivatekey"),
        is_self_signed=found.self_signed,
        root_ca_type=of.word("rootcatype", ROOT_CA_TYPE),
        public_key_size=found.rsa_bits or (0 if found.key.startswith("EC") else Gap.ABSENT),  # Exchange's size of EC
        der=found.der,
    )


def _as_printed(of: Fields, printed: str, holder: Text) -> ExchangeCertificate:
    begin, local_begin = of.moment("notbefore", utc=False)
    end, local_end = of.moment("notafter", utc=False)
    local = local_begin or local_end
    if local:
        of.margin.add("dates-local")
    serial = of.text("serialnumber")
    return ExchangeCertificate(
        thumbprint=printed,
        server=holder,
        subject=distinguished_name(of, "subject"),
        issuer=distinguished_name(of, "issuer"),
        serial=serial.upper() if isinstance(serial, str) else serial,
        not_before=begin,
        not_after=end,
        dates_local=local,
        domains=of.many("certificatedomains", _lower),
        services=_services(of),
        status=of.word("status", STATUS),
        has_private_key=of.flag("hasprivatekey"),
        is_self_signed=of.flag("isselfsigned"),
        root_ca_type=of.word("rootcatype", ROOT_CA_TYPE),
        public_key_size=of.number("publickeysize"),
    )


def _lower(value: Value) -> str | None:
    text = text_of(value)
    return text.lower() if text is not None else None


def _server(of: Fields) -> tuple[Text, bool]:
    """The collector says it; Identity may be `SERVER\\thumbprint`; else there is only the server of the session."""
    stated = of.text("server", server)
    if stated is not Gap.ABSENT:
        return stated, False
    identity = of.text("identity")
    if isinstance(identity, str) and "\\" in identity:
        return identity.partition("\\")[0].partition(".")[0], False
    session = of.text("pscomputername")
    if isinstance(session, str) and session.casefold() != "localhost" and not _ADDRESS.fullmatch(session):
        return session.partition(".")[0], True
    return Gap.ABSENT, False


def _services(of: Fields) -> List:
    """Names, a number, or the column of letters that Format-Table has, `IP.WS..`."""
    text = of.raw.properties.get("services")
    if isinstance(text, str) and 5 <= len(text := text.strip()) <= len(SERVICE_LETTERS):
        columns = tuple(zip(text, SERVICE_LETTERS, SERVICES, strict=False))
        if all(found in (letter, ".") for found, letter, _ in columns):
            return Many(tuple(service for found, _, service in columns if found != "."))
    return of.words("services", SERVICES)
