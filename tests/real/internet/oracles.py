"""Other people's verifiers, run beside on the same names: posttls-finger, danetool, ldns-dane, and drill for the DNS.

posttls-finger and danetool ask whom /etc/resolv.conf says, and nobody else. So they run under a root directory of their
own, made of copies: in a container root may chroot where it may not mount.

What they say is put in the words of `promises.dane`: honoured, broken, unusable, none, deferred.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.pki import Issued, pem
from tests.real.servers import program

_SECONDS = 60
_PROGRAMS = ("posttls-finger", "danetool")

# In this order: what is said before a connection, on the way to TLS, and of the certificate.
_POSTTLS_FINGER = {
    "none": r"no TLSA records found, resorting to",
    "unusable": r"no usable TLSA records found|all TLSA records unusable",
    "deferred": r"TLSA lookup error|Host not found, try again|Connection refused|service not available: 4",
    "honoured": r"(?s)Matched DANE.*(Verified|Trusted) TLS connection established",
    "broken": r"Untrusted TLS connection established|STARTTLS rejected|SSL_connect error|> QUIT",
}
_DANETOOL = {
    "none": r"No DANE data were found|No DNSSEC signature was found",
    "deferred": r"The DNSSEC signature is invalid|Cannot resolve",
    "honoured": r"Certificate matches",
    "broken": r"Verification failed",
}
_LDNS_DANE = {
    "deferred": r"were bogus",
    "none": r"No TLSA records|but were insecure",
    "unusable": r"No usable TLSA records",
    "honoured": r"dane-validated successfully",
    "broken": r"did not dane-validate",
}


@dataclass(frozen=True, slots=True)
class Jail:
    """A root directory with these programs, what they are linked with, and whom they are to ask."""

    root: Path

    @classmethod
    def build(cls, root: Path, *, resolver: str, anchor: str) -> "Jail":
        """`anchor` is a DS line, for danetool, which validates by itself what `resolver` tells it."""
        for path in map(program, _PROGRAMS):
            linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
            for file in (str(path), *re.findall(r"(/\S+) \(0x", linked)):
                copy = root / file.lstrip("/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
        for name, text in (_FILES | {"etc/resolv.conf": f"nameserver {resolver}", _ANCHOR: anchor}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{text}\n")
        return cls(root)

    def posttls_finger(self, destination: str) -> str:
        """A destination in brackets is a host, any other a domain. Under "dane-only": "dane" does not tell what fails
        under DANE from what fails under its fallback."""
        options = ("-l", "dane-only", "-a", "ipv4", "-t", "10", "-T", "10")
        return _heard(_POSTTLS_FINGER, self._run("posttls-finger", *options, destination))

    def danetool(self, host: str) -> str:
        words = ("--local-dns", "--check", host, "--port", "25", "--starttls-proto=smtp")
        text = self._run("danetool", *words)
        # It waits ten seconds for a greeting, which a machine with much to do may not give in time.
        return _heard(_DANETOOL, self._run("danetool", *words) if "Timeout" in text else text)

    def _run(self, name: str, *words: str) -> str:
        return _output("chroot", str(self.root), str(program(name)), *words)


def ldns_dane(host: str, chain: Path, *, resolver: str, port: int = 25) -> str:
    """It speaks no SMTP, so it is given the chain that the server presents; `resolver` validates for it."""
    words = ("-r", resolver, "-c", str(chain), "verify", host, str(port))
    return _heard(_LDNS_DANE, _output(str(program("ldns-dane")), *words))


def ldns_dane_live(host: str, port: int, *, resolver: str, roots: Path) -> str:
    """Where TLS is spoken at once, it looks for itself."""
    words = ("-4", "-r", resolver, "-f", str(roots), "verify", host, str(port))
    return _heard(_LDNS_DANE, _output(str(program("ldns-dane")), *words))


def drill(name: str, rtype: str, *, resolver: str) -> tuple[str, bool, bool]:
    """A resolver's response code, whether it vouches for the answer (AD), and whether its extended error says that
    validation failed (RFC 8914 §4.7 to §4.13)."""
    text = _output(str(program("drill")), "-D", "-o", "AD", f"@{resolver}", name, rtype)
    code, flags = re.search(r"rcode: (\w+)", text), re.search(r"flags: ([a-z ]+);", text)
    if code is None or flags is None:
        raise AssertionError(f"drill says nothing of {name} {rtype}: {text}")
    extended = re.search(r"EDE: (\d+)", text)
    return code[1], "ad" in flags[1].split(), extended is not None and 6 <= int(extended[1]) <= 12


def write_chain(file: Path, *chain: Issued) -> Path:
    file.write_bytes(pem(*chain))
    return file


def _heard(signs: Mapping[str, str], text: str) -> str:
    return next((status for status, sign in signs.items() if re.search(sign, text)), f"said: {text}")


def _output(*command: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return done.stdout + done.stderr


_ANCHOR = "usr/share/dns/root.key"
_FILES = {
    "etc/hosts": "127.0.0.1 localhost",
    "etc/services": "smtp 25/tcp",
    "etc/passwd": "root:x:0:0::/:/\nnobody:x:65534:65534::/:/\npostfix:x:100:100::/:/",
    "etc/group": "root:x:0:\nnogroup:x:65534:\npostfix:x:100:\npostdrop:x:101:",
    "etc/postfix/main.cf": "compatibility_level = 3.6\nmyhostname = sender.example.org",
}
