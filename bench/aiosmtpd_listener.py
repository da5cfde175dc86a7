"""What aiosmtpd would cost for the same: `python aiosmtpd_listener.py CHAIN KEY ROOTS`. It prints its port and serves
until its stdin closes."""

import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class NotNow:
    async def handle_RCPT(self, *_: SMTP | Session | Envelope | str | list[str]) -> str:  # noqa: N802 - its own name for it
        return "451 4.7.0 not now"


def main(chain: str, key: str, roots: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain, key)
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(roots)  # it has to verify what it asks for
    with socket.create_server(("127.0.0.1", 0)) as free:  # it tells nobody which port it took
        port = free.getsockname()[1]
    controller = Controller(NotNow(), hostname="127.0.0.1", port=port, tls_context=tls)
    controller.start()
    print(port, flush=True)
    sys.stdin.read()
    controller.stop()


if __name__ == "__main__":
    main(*sys.argv[1:4])
