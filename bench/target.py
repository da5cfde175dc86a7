"""The server to be looked at: nginx's mail module on loopback, one process on a core of its own.

It listens on every address, so that each address of 127.0.0.0/8 is an endpoint: `probe` opens at most two connections
at a time to one address, and two thousand endpoints need two thousand of them.
"""

import contextlib
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench import programs
from bench.authority import Files

CONFIGURATION = """
{modules}
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
mail {{
    server_name mail.bench.test;
    auth_http 127.0.0.1:1/unused;
    resolver off;
    server {{
        listen 0.0.0.0:{port} backlog=4096;
        protocol smtp;
        smtp_capabilities PIPELINING "SIZE 10485760" 8BITMIME;
        starttls on;
        ssl_certificate {files.chain};
        ssl_certificate_key {files.key};
        ssl_protocols TLSv1.3;
    }}
}}
"""


def missing() -> str | None:
    """What is not installed for the target to run, or None."""
    nginx = programs.find("nginx")
    if nginx is None:
        return "nginx (Debian: nginx-light)"
    module = _mail_module(nginx)
    return None if module is None or module.is_file() else "nginx's mail module (Debian: libnginx-mod-mail)"


@contextlib.contextmanager
def serve(files: Files, directory: Path) -> Iterator[int]:
    """Runs the target and gives its port. Raises RuntimeError where it does not start."""
    nginx = programs.find("nginx")
    if nginx is None:
        raise RuntimeError("nginx is not installed")
    module, port = _mail_module(nginx), _free_port()
    configuration = directory / "nginx.conf"
    modules = f"load_module {module};" if module else ""
    configuration.write_text(CONFIGURATION.format(modules=modules, directory=directory, port=port, files=files))
    with programs.on_core(programs.SERVER_CORE):
        server = subprocess.Popen(
            [nginx.path, "-p", directory, "-c", configuration, "-e", directory / "error.log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**programs.BASE_ENVIRONMENT, **nginx.environment},
        )
    try:
        _await_banner(server, port, directory / "error.log")
        yield port
    finally:
        server.terminate()
        server.wait(10)


def endpoints(count: int, port: int) -> list[str]:
    """That many distinct endpoints of the target, as `probe` reads them."""
    return [f"127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}:{port}" for n in range(count)]


def _mail_module(nginx: programs.Program) -> Path | None:
    """Where the mail module lies; None where it is compiled in."""
    words = subprocess.run([nginx.path, "-V"], capture_output=True, encoding="utf-8", check=True).stderr
    folder = re.search(r"--modules-path=(\S+)", words)
    if "--with-mail=dynamic" not in words or folder is None:
        return None
    return Path(folder[1]) / "ngx_mail_module.so"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        port: int = listener.getsockname()[1]
        return port


def _await_banner(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(100):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            if connection.recv(100).startswith(b"220"):
                return
        time.sleep(0.05)
    raise RuntimeError(f"nginx did not start: {log.read_text()[-2000:] if log.exists() else 'no word from it'}")
