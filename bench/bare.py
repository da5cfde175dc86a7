"""The bare script that one `probe HOST:PORT` is measured against: `python bare.py ADDRESS PORT [ROOTS]`.

The same libraries and the same job, with nothing round it: connect, EHLO, STARTTLS, the presented chain, the leaf's
names and dates, the path to the roots (Mozilla's, where no file is given), one line. No options, limits or findings.
"""

import sys
from collections.abc import Callable
from typing import TypeVar

import certifi
import trio
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

T = TypeVar("T")


async def reply(socket: trio.socket.SocketType) -> bytes:
    heard = b""
    while not heard.endswith(b"\n") or heard.splitlines()[-1][3:4] == b"-":
        more = await socket.recv(4096)
        if not more:
            raise ConnectionError("closed by the server")
        heard += more
    return heard


async def ready(socket: trio.socket.SocketType, action: Callable[[], T]) -> T:
    while True:
        try:
            return action()
        except SSL.WantReadError:
            await trio.lowlevel.wait_readable(socket)
        except SSL.WantWriteError:
            await trio.lowlevel.wait_writable(socket)


async def look(address: str, port: int) -> SSL.Connection:
    with trio.fail_after(30), trio.socket.socket() as socket:
        await socket.connect((address, port))
        await reply(socket)
        for words in (b"EHLO client.example\r\n", b"STARTTLS\r\n"):
            await socket.send(words)
            await reply(socket)
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_verify(SSL.VERIFY_NONE)
        tls = SSL.Connection(context, socket)  # type: ignore[arg-type]  # all it asks for is a file number
        tls.set_connect_state()
        await ready(socket, tls.do_handshake)
        tls.send(b"EHLO client.example\r\n")
        await ready(socket, lambda: tls.recv(4096))
        tls.send(b"QUIT\r\n")
        return tls


def path_error(chain: list[x509.Certificate], roots: str) -> str:
    store = crypto.X509Store()
    store.load_locations(roots)
    leaf, *others = [crypto.X509.from_cryptography(certificate) for certificate in chain]
    try:
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return "trusted"


def main() -> None:
    address, port, *roots = sys.argv[1:]
    tls = trio.run(look, address, int(port))
    chain = tls.get_peer_cert_chain(as_cryptography=True) or []
    leaf = chain[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    print(
        *(address, tls.get_protocol_version_name(), tls.get_cipher_name(), tls.get_group_name()),
        *(leaf.subject.rfc4514_string(), leaf.issuer.rfc4514_string(), names, leaf.not_valid_after_utc.isoformat()),
        *(leaf.fingerprint(SHA1()).hex(), leaf.fingerprint(SHA256()).hex()),
        sum(len(certificate.public_bytes(Encoding.DER)) for certificate in chain),
        path_error(chain, roots[0] if roots else certifi.where()),
    )


if __name__ == "__main__":
    main()
