"""nginx with a server block for each way of setting one up: certificates, versions, client certificates."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.pki import Authority, Issued, pem
from tests.real.servers import LOOPBACK, Server, program, running

MODULES = Path("/usr/lib/nginx/modules")
HOST = "mail.example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One server block. `chains` holds a certificate chain for each key type, each exactly as it is to be sent.

    `speaks` is smtp (STARTTLS; without chains not even that), smtps, https, or direct: TLS at once, then one line.
    """

    chains: Sequence[Sequence[Issued]] = ()
    speaks: str = "smtp"
    protocols: str = "TLSv1.2 TLSv1.3"
    ciphers: str = "DEFAULT"
    verify_client: str = "off"
    client_ca: Authority | None = None
    addresses: Sequence[str] = (LOOPBACK,)
    proxies: Sequence[str] = ()  # names of other listeners, whose turn comes one after another
    server_name: str = ""  # of https: listeners may share an address, and the name that a client asks for decides
    answers: str = "return 204;"  # of https: what nginx is told to say


@contextmanager
def nginx(directory: Path, listeners: Mapping[str, Listener], ports: Sequence[int]) -> Iterator[Server]:
    """Runs them all in one nginx, each on its port."""
    executable = program("nginx")
    numbers = dict(zip(listeners, ports, strict=True))
    blocks: dict[str, list[str]] = {"smtp": [], "https": [], "direct": []}
    for name, listener in listeners.items():
        speaks = "smtp" if listener.speaks == "smtps" else listener.speaks
        blocks[speaks].append(_block(directory, name, listener, numbers))
    log = directory / "nginx.log"
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            modules=MODULES,
            directory=directory,
            log=log,
            smtp="\n".join(blocks["smtp"]),
            https="\n".join(blocks["https"]),
            direct="\n".join(blocks["direct"]),
        )
    )
    # Debian's OpenSSL refuses to load weak certificates, and to speak TLS 1.0, unless told otherwise.
    openssl = directory / "openssl.cnf"
    openssl.write_text(_OPENSSL)
    listens = [(address, numbers[name]) for name, listener in listeners.items() for address in listener.addresses]
    options = ("-p", directory, "-e", log, "-c", configuration, "-g", "daemon off;")
    with running(executable, *options, log=log, listens=listens, environment={"OPENSSL_CONF": str(openssl)}):
        yield Server(log=log, ports=numbers)


def _block(directory: Path, name: str, listener: Listener, ports: Mapping[str, int]) -> str:
    at_once = " ssl" if listener.speaks != "smtp" and listener.chains else ""
    lines = [f"listen {_bracketed(address)}:{ports[name]}{at_once};" for address in listener.addresses]
    for number, chain in enumerate(listener.chains):
        chain_file, key_file = directory / f"{name}.{number}.pem", directory / f"{name}.{number}.key"
        chain_file.write_bytes(pem(*chain))
        key_file.write_bytes(chain[0].key_pem)
        lines += [f"ssl_certificate {chain_file};", f"ssl_certificate_key {key_file};"]
    if listener.chains:
        lines += [f"ssl_protocols {listener.protocols};", f"ssl_ciphers {listener.ciphers};"]
        lines += [f"ssl_verify_client {listener.verify_client};"]
    if listener.client_ca is not None:
        authority = directory / f"{name}.ca.pem"
        authority.write_bytes(listener.client_ca.pem)
        lines += [f"ssl_client_certificate {authority};"]
    if listener.proxies:
        members = " ".join(f"server {LOOPBACK}:{ports[member]};" for member in listener.proxies)
        return f"upstream {name} {{ {members} }}\nserver {{ {' '.join(lines)} proxy_pass {name}; }}"
    match listener.speaks:
        case "smtp":
            lines += ["protocol smtp;", f"starttls {'on' if listener.chains else 'off'};"]
        case "smtps":
            lines += ["protocol smtp;"]
        case "https":
            lines += [f'server_name "{listener.server_name}";', listener.answers]
        case "direct":
            lines += [r'return "hello\n";']
    return f"server {{ {' '.join(lines)} }}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


_CONFIGURATION = """\
load_module {modules}/ngx_mail_module.so;
load_module {modules}/ngx_stream_module.so;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {log} info;
events {{ worker_connections 512; }}
mail {{
  server_name mail.example.org;
  auth_http 127.0.0.1:9/never-asked;
  smtp_auth login plain;
  smtp_capabilities "SIZE 10485760" 8BITMIME PIPELINING;
  {smtp}
}}
http {{
  access_log off;
  server_names_hash_bucket_size 128;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  {https}
}}
stream {{
  {direct}
}}
"""

_OPENSSL = """\
openssl_conf = library
[library]
ssl_conf = ssl
[ssl]
system_default = server
[server]
CipherString = DEFAULT@SECLEVEL=0
MinProtocol = TLSv1
"""
