"""Real servers, started once a session and shared; what they log is shown beside a failed test."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.real.dns import resolver
from tests.real.dovecot import dovecot
from tests.real.estate import Authorities, Estate, listeners
from tests.real.exim import exim
from tests.real.internet import Internet
from tests.real.internet import internet as whole_internet
from tests.real.mail import Mail, mail_hosts, records
from tests.real.nginx import HOST, nginx
from tests.real.postfix import postfix
from tests.real.servers import Server, directory, free_ports, need_root, tail


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for name, value in item.funcargs.items():
            if isinstance(value, Server | Estate | Mail | Internet):
                report.sections.append((f"log of {name}", tail(value.log)))
    return report


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    return Authorities()


@pytest.fixture(scope="session")
def roots(authorities: Authorities, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for `--roots`."""
    file = tmp_path_factory.mktemp("roots") / "roots.pem"
    file.write_bytes(authorities.root.pem)
    return file


@pytest.fixture(scope="session")
def estate(authorities: Authorities, roots: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    cases = listeners(authorities)
    with nginx(directory(tmp_path_factory, "nginx"), cases, free_ports(len(cases))) as server:
        yield Estate(log=server.log, server=server, listeners=cases, roots=roots)


@pytest.fixture(scope="session")
def postfix_server(authorities: Authorities, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    issuing = authorities.issuing
    chains = [(issuing.leaf(names=(HOST,), key=key), issuing) for key in ("ec", "rsa2048")]
    with postfix(directory(tmp_path_factory, "postfix"), chains, authorities.private_root) as server:
        yield server


@pytest.fixture(scope="session")
def exim_server(authorities: Authorities, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    chain = (authorities.issuing.leaf(names=(HOST,), key="rsa2048"), authorities.issuing)
    with exim(directory(tmp_path_factory, "exim"), chain, authorities.private_root) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot_server(authorities: Authorities, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    chain = (authorities.issuing.leaf(names=(HOST,)), authorities.issuing)
    with dovecot(directory(tmp_path_factory, "dovecot"), chain) as server:
        yield server


@pytest.fixture(scope="session")
def mail(authorities: Authorities, roots: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    """Mail hosts on port 25, and the domains that lead to them."""
    need_root()
    hosts = mail_hosts(authorities.issuing)
    with (
        nginx(directory(tmp_path_factory, "mx"), hosts, [25] * len(hosts)) as server,
        resolver(directory(tmp_path_factory, "dns"), records()) as names,
    ):
        yield Mail(log=server.log, resolver=names, listeners=hosts, roots=roots)


@pytest.fixture(scope="session")
def internet(authorities: Authorities, roots: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """Signed names, mail hosts and policy hosts: see tests.real.internet."""
    with whole_internet(authorities, roots, lambda name: directory(tmp_path_factory, name)) as servers:
        yield servers
