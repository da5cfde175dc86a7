"""Words and files of the user, turned into values. Whatever is wrong with them is said here, before anything is asked
of the network: one line that names it, one hint."""

import re
import ssl
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from probe.errors import ConfigError, EvidenceError, UsageError
from probe.judge.certificate import host_address
from probe.judge.chain import Anchors
from probe.judge.dn import Identity, parse_identity
from probe.model import Evidence, Target

SCHEMES: dict[str, tuple[int | None, str]] = {
    "smtp": (25, "smtp"),
    "submission": (587, "smtp"),  # RFC 6409
    "smtps": (465, "smtps"),  # RFC 8314 §3.3
    "https": (443, "direct"),
    "tls": (None, "direct"),
}

# Ports where TLS comes first, for targets without a scheme. All others are taken for SMTP with STARTTLS.
_TLS_AT_ONCE = {443: "direct", 465: "smtps", 636: "direct", 853: "direct", 990: "direct", 993: "direct", 995: "direct"}

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TARGET_HINT = (
    "a target is host:25, an address, a mail domain, user@domain, or smtp://, submission://, smtps://, https://, tls://"
)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def targets(words: Iterable[str]) -> Iterator[Target]:
    """Every target that the words name, those of `@file` and `-` (standard input) included. Raises `UsageError` and
    `ConfigError`."""
    for word in words:
        if word == "-":
            yield from _listed(sys.stdin.read(), "standard input")
        elif word.startswith("@"):
            yield from _listed(_read(Path(word[1:]), "a list of targets").decode("utf-8-sig", "replace"), word[1:])
        else:
            yield target(word)


def _listed(text: str, name: str) -> Iterator[Target]:
    for number, line in enumerate(text.splitlines(), 1):
        if word := line.partition("#")[0].strip():
            try:
                yield target(word)
            except UsageError as error:
                raise UsageError(f"{name}, line {number}: {error}", error.hint) from None


def target(word: str) -> Target:
    """One target from one word. Raises `UsageError`."""
    given = word.strip()
    scheme, separator, rest = given.partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            raise UsageError(f"`{given}` has the unknown scheme `{scheme}`", f"known schemes: {', '.join(SCHEMES)}")
        default_port, dialogue = SCHEMES[scheme.lower()]
        host, port = _host_and_port(rest.partition("/")[0], given)
        port = port or default_port
        if port is None:
            raise UsageError(f"`{given}` names no port", "as in tls://host:993")
        return Target(given=given, name=host, port=port, dialogue=dialogue)
    if "@" in given:
        return Target(given=given, name=_name(given.rpartition("@")[2], given), port=None)
    host, port = _host_and_port(given, given)
    if port is None and host_address(host):
        port = 25
    return Target(given=given, name=host, port=port, dialogue=_TLS_AT_ONCE.get(port or 0, "smtp"))


def _host_and_port(text: str, given: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", text)
    if bracketed:
        address, port = host_address(bracketed[1].removeprefix("IPv6:")), bracketed[2]
        if not address:
            raise UsageError(f"`{given}` has no address between its brackets", "as in [2001:db8::1]:25")
        return address + bracketed[1].removeprefix("IPv6:")[len(bracketed[1].partition("%")[0]) :], _port(port, given)
    if address := host_address(text):  # an IPv6 address without brackets has no port
        return address + "".join(text.partition("%")[1:]), None
    host, separator, port = text.partition(":")
    return _name(host, given), _port(port if separator else None, given)


def _port(text: str | None, given: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 0 < int(text) < 65536:
        raise UsageError(f"`{given}` has the port `{text}`", "a port is a number from 1 to 65535, as in host:25")
    return int(text)


def _name(text: str, given: str) -> str:
    """A host name or domain as lower-case A-labels without a trailing dot, or an address."""
    if address := host_address(text):
        return address
    name = text.removesuffix(".").lower()
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise UsageError(f"`{given}` is no international domain name: {error}", _TARGET_HINT) from None
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise UsageError(f"`{given}` is not a target", _TARGET_HINT)
    if re.fullmatch(r"[0-9.]+", name):
        raise UsageError(f"`{given}` looks like an address and is none", _TARGET_HINT)
    return name


def host_name(text: str, option: str) -> str:
    """A host name for an option such as --sni."""
    try:
        return _name(text, text)
    except UsageError:
        raise UsageError(f"{option} `{text}` is not a host name", "as in mail.example.org") from None


def expected_name(text: str) -> str:
    """A connector's TlsDomain: a domain, or `*.` and a domain."""
    wildcard, rest = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    return wildcard + host_name(rest, "--expect-name")


def address(text: str, option: str) -> str:
    """An IP address."""
    bare = text.removeprefix("[").removesuffix("]")
    if canonical := host_address(bare):
        return canonical + "".join(bare.partition("%")[1:])
    raise UsageError(f"{option} `{text}` is not an address", "as in 192.0.2.1 or 2001:db8::1")


def resolver(text: str) -> tuple[str, int]:
    """A resolver's address and port, 53 unless named."""
    try:
        host, port = _host_and_port(text, text)
    except UsageError:
        host, port = "", None
    if not host_address(host):
        raise UsageError(f"--resolver `{text}` is not an address", "as in 192.0.2.53, 127.0.0.1:5353 or [::1]:53")
    return host, port or 53


def moment(text: str) -> datetime:
    """A moment in ISO 8601; without an offset, UTC; without a time, midnight."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at `{text}` is not a date", "as in 2026-12-24 or 2026-12-24T18:00:00Z") from None
    try:
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise UsageError(f"--at `{text}` is beyond the calendar", "as in 2026-12-24") from None


def thumbprint(text: str) -> str:
    """A SHA-1 or SHA-256 thumbprint as bare lower-case hex.

    Blanks, colons and hyphens may stand anywhere, and so may the invisible marks that come along when one is copied
    from Windows' certificate dialog.
    """
    bare = re.sub(r"[\s:\-\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", bare):
        raise UsageError(
            f"--expect-thumbprint `{text}` has {len(bare)} digits",
            "a thumbprint is 40 hexadecimal digits (SHA-1, as Exchange prints it) or 64 (SHA-256)",
        )
    return bare


def identity(text: str) -> Identity:
    """The issuer and subject of --expect-certificate."""
    try:
        return parse_identity(text)
    except ValueError as error:
        hint = (
            "as Exchange prints it: '<I>CN=Issuing CA, O=Example, C=US<S>CN=mail.contoso.com', in quotes for the shell"
        )
        raise UsageError(f"--expect-certificate cannot be read: {error}", hint) from None


def anchors(sources: Iterable[str]) -> Anchors:
    """The trust anchors of all sources together: `certifi`, `system`, or a PEM file. Raises `ConfigError`."""
    labels, found = [], dict[bytes, None]()
    for source in sources:
        if source == "certifi":
            import certifi

            labels.append(f"Mozilla's list (certifi {certifi.__version__})")
            der = _certificates(certifi.contents().encode())
        elif source == "system":
            labels.append("the system's list")
            der = _system_roots()
        else:
            labels.append(Path(source).name)
            der = _certificates(_read(Path(source), "roots"))
        if not der:
            hint = "a PEM file has -----BEGIN CERTIFICATE----- lines; certifi and system name the lists that are known"
            raise ConfigError(f"--roots `{source}` holds no certificate", hint)
        found.update(dict.fromkeys(der))
    return Anchors(label=" and ".join(labels), der=tuple(found))


def _system_roots() -> list[bytes]:
    if sys.platform == "win32":
        return [der for der, encoding, _ in ssl.enum_certificates("ROOT") if encoding == "x509_asn"]
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return _certificates(_read(Path(paths.cafile), "roots"))
    # Debian has no one file under OpenSSL's name, but a directory of single ones.
    files = sorted(Path(paths.capath).glob("*.pem")) if paths.capath else []
    return [der for file in files if file.is_file() for der in _certificates(file.read_bytes())]


def _certificates(pem: bytes) -> list[bytes]:
    try:
        return [ssl.PEM_cert_to_DER_cert(block.decode("ascii")) for block in _PEM.findall(pem)]
    except ValueError as error:  # binascii's and Unicode's
        hint = "check it with `openssl x509 -in FILE -noout -text`"
        raise ConfigError(f"a certificate in PEM is damaged: {error}", hint) from None


def evidence(path: Path) -> Iterator[Evidence]:
    """All evidence saved in a file, one line each. Raises `ConfigError` and `EvidenceError`."""
    from probe.codec import decode_evidence

    lines = [line for line in _read(path, "evidence").splitlines() if line.strip()]
    if not lines:
        raise EvidenceError(f"{path} holds no evidence", "evidence is what `probe TARGET --evidence FILE` writes")
    for number, line in enumerate(lines, 1):
        try:
            yield decode_evidence(line)
        except EvidenceError as error:
            raise EvidenceError(f"{path}, line {number}: {error}", error.hint) from None


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read {what} from {path}: {error.strerror}", "check the path and your rights"
        ) from None


def client_certificate(certificate: Path, key: Path | None) -> tuple[bytes, bytes]:
    """PEM text of a certificate with its chain, and of its key, which may stand in the same file."""
    chain = _read(certificate, "the client certificate")
    if not _PEM.search(chain):
        raise ConfigError(f"{certificate} holds no certificate", "it should be PEM, the leaf first, then its chain")
    secret = _read(key, "the client's key") if key else chain
    if b"PRIVATE KEY-----" not in secret:
        raise ConfigError(f"{key or certificate} holds no private key", "name its file with --client-key")
    return chain, secret
