"""Clients of a mail server on loopback, as many as it takes: `python delivering.py HOW PORT COUNT AT-ONCE CHAIN KEY`.

HOW is `tls` or `plain`: COUNT deliveries, from the connection to the answer to QUIT, so many of them at once, every
command waiting for its answer, inside TLS with a client certificate; it prints how long each took, in milliseconds, as
JSON. Or `idle-tls` or `idle-plain`: COUNT connections that have said EHLO and say no more, until stdin closes.
"""

import json
import resource
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HOST = "127.0.0.1"
PATIENCE = 60.0
ENVELOPE = (b"EHLO a.bench.test\r\n", b"MAIL FROM:<a@bench.test>\r\n", b"RCPT TO:<b@bench.test>\r\n", b"QUIT\r\n")


def context(chain: str, key: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.load_cert_chain(chain, key)
    return made


def ask(sock: socket.socket, command: bytes = b"") -> bytes:
    """One reply; those of the servers here come in one piece, or end in a line with a blank behind the code."""
    sock.sendall(command)
    heard = sock.recv(4096)
    while heard and (not heard.endswith(b"\n") or heard.splitlines()[-1][3:4] == b"-"):
        heard += sock.recv(4096)
    return heard


def begin(port: int, tls: ssl.SSLContext | None) -> socket.socket:
    sock = socket.create_connection((HOST, port), timeout=PATIENCE)
    ask(sock)
    if tls is None:
        return sock
    ask(sock, ENVELOPE[0])
    if not ask(sock, b"STARTTLS\r\n").startswith(b"220"):
        raise RuntimeError("no STARTTLS")
    return tls.wrap_socket(sock)


def deliver(port: int, tls: ssl.SSLContext | None) -> float:
    started = time.perf_counter()
    with begin(port, tls) as sock:
        replies = [ask(sock, command) for command in ENVELOPE]
    if not replies[-1].startswith(b"221"):
        raise RuntimeError(f"no delivery: {replies}")
    return (time.perf_counter() - started) * 1000


def idle(port: int, tls: ssl.SSLContext | None) -> socket.socket:
    sock = begin(port, tls)
    ask(sock, ENVELOPE[0])
    return sock


def main(how: str, port: int, count: int, at_once: int, chain: str, key: str) -> None:
    tls = context(chain, key) if how.endswith("tls") else None
    with ThreadPoolExecutor(at_once) as pool:
        if how.startswith("idle"):
            held = list(pool.map(lambda _: idle(port, tls), range(count)))
            print("held", flush=True)
            sys.stdin.read()
            for sock in held:
                sock.close()
        else:
            print(json.dumps([round(took, 3) for took in pool.map(lambda _: deliver(port, tls), range(count))]))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _, how, port, count, at_once, chain, key = sys.argv
    main(how, int(port), int(count), int(at_once), chain, key)
