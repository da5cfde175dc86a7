"""The files that the user names: trust anchors, saved evidence, certificates with their keys."""

import os
import re
import ssl
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from probe.errors import ConfigError, EvidenceError
from probe.judge.chain import Anchors, readable
from probe.model import Evidence

# A SEQUENCE whose length takes two or three octets (X.690 §8.1.3.5): no certificate is so short that one would do.
_DER = (b"\x30\x82", b"\x30\x83")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


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
            labels.append(ascii(Path(source).name)[1:-1])  # a file may be named by bytes that are no text
            der = _certificates(read(Path(source), "roots"))
            if damaged := [number for number, one in enumerate(der, 1) if not readable(one)]:
                hint = "check it with `openssl x509 -in FILE -noout -text`"
                raise ConfigError(f"--roots `{source}`: certificate {damaged[0]} is damaged", hint)
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
        return _certificates(read(Path(paths.cafile), "roots"))
    # Debian has no one file under OpenSSL's name, but a directory of single ones.
    files = sorted(Path(paths.capath).glob("*.pem")) if paths.capath else []
    return [
        der for file in files if file.is_file() and os.access(file, os.R_OK) for der in _certificates(file.read_bytes())
    ]


def _certificates(pem: bytes) -> list[bytes]:
    try:
        return [ssl.PEM_cert_to_DER_cert(block.decode("ascii")) for block in _PEM.findall(pem)]
    except ValueError as error:  # binascii's and Unicode's
        hint = "check it with `openssl x509 -in FILE -noout -text`"
        raise ConfigError(f"a certificate in PEM is damaged: {error}", hint) from None


def chain(path: Path) -> tuple[bytes, ...]:
    """The certificates of a PEM file (DER), in its order; whatever else is in it stays unread. Raises `ConfigError`."""
    return _readable(_certificates(read(path, "certificates")), str(path))


def certificates(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """The certificates of all files together (DER), in PEM or DER, each once; `-` is standard input. Raises
    `ConfigError`."""
    found = dict[bytes, None]()
    for path in paths:
        name = "standard input" if str(path) == "-" else str(path)
        data = _standard_input() if str(path) == "-" else read(path, "a certificate")
        der = [data] if data.startswith(_DER) else _certificates(data)
        found.update(dict.fromkeys(_readable(der, name)))
    return tuple(found)


def _readable(der: Sequence[bytes], name: str) -> tuple[bytes, ...]:
    if not der:
        raise ConfigError(f"{name} holds no certificate", "it should be PEM, the leaf first, then its chain")
    if damaged := [number for number, one in enumerate(der, 1) if not (_whole(one) and readable(one))]:
        hint = "check it with `openssl x509 -in FILE -noout -text`"
        raise ConfigError(f"{name}: certificate {damaged[0]} is damaged", hint)
    return tuple(der)


def _whole(der: bytes) -> bool:
    """Whether it is as long as it says, and not longer: OpenSSL reads it in either case, but a digest tells."""
    octets = der[1] & 0x7F if der.startswith(_DER) else 0
    return len(der) == 2 + octets + int.from_bytes(der[2 : 2 + octets])


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise ConfigError("standard input is closed", "name a file that holds the certificate")
    return sys.stdin.buffer.read()


def evidence(path: Path) -> Iterator[Evidence]:
    """All evidence saved in a file, one line each. Raises `ConfigError` and `EvidenceError`."""
    from probe.codec import decode_evidence

    lines = [line for line in read(path, "evidence").splitlines() if line.strip()]
    if not lines:
        raise EvidenceError(f"{path} holds no evidence", "evidence is what `probe TARGET --evidence FILE` writes")
    for number, line in enumerate(lines, 1):
        try:
            yield decode_evidence(line)
        except EvidenceError as error:
            raise EvidenceError(f"{path}, line {number}: {error}", error.hint) from None


def read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read {what} from {path}: {error.strerror}", "check the path and your rights"
        ) from None


def client_certificate(certificate: Path, key: Path | None) -> tuple[bytes, bytes]:
    """PEM text of a certificate with its chain, and of its key, which may stand in the same file."""
    chain = read(certificate, "the client certificate")
    if not _PEM.search(chain):
        raise ConfigError(f"{certificate} holds no certificate", "it should be PEM, the leaf first, then its chain")
    secret = read(key, "the client's key") if key else chain
    if b"PRIVATE KEY-----" not in secret:
        raise ConfigError(f"{key or certificate} holds no private key", "name its file with --client-key")
    return chain, secret


def own_certificate(certificate: Path, key: Path | None) -> tuple[bytes, bytes]:
    """PEM text of the certificate that a listener shows, with its chain, and of its key, which may stand in the same
    file. Raises `ConfigError` where they cannot be read, or are not of each other."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    chain = read(certificate, "a certificate")
    _readable(_certificates(chain), str(certificate))
    secret, where = (read(key, "a key"), key) if key else (chain, certificate)
    if b"PRIVATE KEY-----" not in secret:
        raise ConfigError(f"{where} holds no private key", "PEM, with -----BEGIN PRIVATE KEY----- or the like")
    spki = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        public = load_pem_private_key(secret, None).public_key().public_bytes(*spki)
    except TypeError:
        raise ConfigError(f"the key in {where} has a passphrase", "nobody is there to type it: take it off") from None
    except (ValueError, UnsupportedAlgorithm):  # what it says is not shown: it may hold the key
        raise ConfigError(f"the key in {where} cannot be read", "check it with `openssl pkey -noout -in`") from None
    try:
        own = load_pem_x509_certificate(chain).public_key().public_bytes(*spki)
    except (ValueError, UnsupportedAlgorithm):
        own = b""
    if public != own:
        hint = "the file of the certificate should begin with that, and then its chain"
        raise ConfigError(f"the key in {where} is not that of the first certificate in {certificate}", hint)
    return chain, secret
