"""The file that keeps MTA-STS policies: read before, written after, never lost and never half written."""

import hashlib
import json
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from probe.cli.options import Format
from probe.cli.printer import Printer
from probe.codec import encode
from probe.config import Memory
from probe.errors import ConfigError, UsageError
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model import Evidence, Promises, Remembered, Speaker, Turn
from tests import pki, reports

AT = datetime(2026, 11, 21, 9, 35, tzinfo=UTC)
BODY = b"version: STSv1\r\nmode: enforce\r\nmx: *.contoso.com\r\nmax_age: 604800\r\n"


def policy(domain: str = "contoso.com", body: bytes = BODY, fetched: datetime = AT) -> Remembered:
    digest, expires = hashlib.sha256(body).hexdigest(), fetched + timedelta(days=7)
    return Remembered(domain=domain, id="1", body=body, digest=digest, fetched=fetched, expires=expires)


def memory_of(path: Path, *, days: float = 2) -> Memory:
    """The memory of a run so many days after `AT`."""
    return Memory(path, lambda: AT + timedelta(days=days))


def learn(path: Path, *policies: Remembered, days: float = 2) -> None:
    memory = memory_of(path, days=days)
    for each in policies:
        memory.learn(each)
    memory.save()


def refused(ask: Callable[[], Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        ask()
    assert said in str(raised.value)
    assert raised.value.hint


def test_what_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert Memory(tmp_path / "policies").policies == {}
    assert list(tmp_path.iterdir()) == []


def test_what_was_learnt_is_remembered_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "policies"
    learn(path, policy(), policy("fabrikam.com"))
    assert memory_of(path).policies == {"contoso.com": policy(), "fabrikam.com": policy("fabrikam.com")}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["domain"] for line in lines] == ["contoso.com", "fabrikam.com"]
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_learnt_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "policies"
    path.write_bytes(encode(policy()) + b"\n\n")
    before = path.stat()
    learn(path)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_later_policy_stays(tmp_path: Path) -> None:
    path, later = tmp_path / "policies", policy(body=b"x", fetched=AT + timedelta(seconds=1))
    learn(path, later)
    learn(path, policy())
    assert memory_of(path).policies == {"contoso.com": later}
    newest = replace(policy(), fetched=AT + timedelta(seconds=2))
    learn(path, newest)
    assert memory_of(path).policies == {"contoso.com": newest}


def test_of_a_domain_that_stands_twice_the_later_counts(tmp_path: Path) -> None:
    path, later = tmp_path / "policies", policy(fetched=AT + timedelta(days=1))
    path.write_bytes(b"\n".join(map(encode, (later, policy()))))
    assert memory_of(path).policies == {"contoso.com": later}


def test_what_another_run_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "policies"
    one = memory_of(path)
    learn(path, policy("fabrikam.com"), policy(body=b"newer", fetched=AT + timedelta(days=1)))
    one.learn(policy())
    one.save()
    assert {domain: kept.body for domain, kept in memory_of(path).policies.items()} == {
        "contoso.com": b"newer",
        "fabrikam.com": BODY,
    }


YEARS = timedelta(days=3650)


def test_a_run_with_a_wrong_clock_is_got_over(tmp_path: Path) -> None:
    path, far = tmp_path / "policies", policy(body=b"far", fetched=AT + YEARS)
    learn(path, far, policy("fabrikam.com", fetched=AT + YEARS), policy("tailspin.com"), days=3650)
    assert set(memory_of(path, days=3650).policies) == {"contoso.com", "fabrikam.com", "tailspin.com"}
    assert memory_of(path).policies == {"tailspin.com": policy("tailspin.com")}
    learn(path, policy())
    assert memory_of(path, days=3650).policies == {"contoso.com": policy(), "tailspin.com": policy("tailspin.com")}


def test_up_to_a_day_ahead_is_kept_and_is_no_reason_to_forget(tmp_path: Path) -> None:
    path, ahead = tmp_path / "policies", policy(body=b"ahead", fetched=AT + timedelta(days=1))
    learn(path, ahead, days=1)
    assert memory_of(path, days=0).policies == {"contoso.com": ahead}
    assert memory_of(path, days=-1e-6).policies == {}
    learn(path, policy(), days=0)  # in this run, the other one is from the future
    assert memory_of(path).policies == {"contoso.com": policy()}


def test_standard_output_is_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--remember -: what"):
        Memory(Path("-"))


def test_whoever_reads_while_others_write_reads_a_whole_file(tmp_path: Path) -> None:
    path, faults = tmp_path / "policies", list[Exception]()
    learn(path, policy("first.example"))

    def write(number: int) -> None:
        try:
            for turn in range(20):
                learn(path, policy(f"d{number}-{turn}.example", body=b"x" * 20_000))
                assert "first.example" in memory_of(path).policies
        except Exception as error:
            faults.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert faults == []
    assert list(tmp_path.iterdir()) == [path]


LINE = encode(policy())


@pytest.mark.parametrize(
    ("data", "number", "said"),
    [
        (b"x\n", 1, "malformed"),
        (b"{}\n", 1, "missing required field"),
        (LINE + b"\n" + LINE[:-5] + b"\n", 2, "truncated"),
        (LINE.replace(b"contoso.com", b"../contoso\\u0000"), 1, "its domain is none"),
        (LINE.replace(b"contoso.com", b"CONTOSO.COM"), 1, "its domain is none"),
        (LINE.replace(b'"digest":"', b'"digest":"0'), 1, "its body is not what its digest says"),
        (LINE.replace(b"2026-11-21T09:35:00Z", b"2026-11-21T09:35:00"), 1, "has no offset"),
        (LINE.replace(b"2026-11-21T09:35:00Z", b"0001-01-01T00:00:00+01:00"), 1, "out of range"),
        (b"\x00" * 100, 1, "malformed"),
        (b'{"domain":' * 100_000, 1, "not a remembered policy"),
    ],
)
def test_a_file_that_is_damaged_or_another_is_named_and_left_alone(
    tmp_path: Path, data: bytes, number: int, said: str
) -> None:
    path = tmp_path / "policies"
    path.write_bytes(data)
    refused(lambda: memory_of(path), f"{path}, line {number}: not a remembered policy: ")
    with pytest.raises(ConfigError, match=f"(?i){said}"):
        memory_of(path)
    assert path.read_bytes() == data


def test_a_file_that_is_damaged_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "policies"
    memory = memory_of(path)
    memory.learn(policy())
    path.write_bytes(b"a letter to somebody")
    refused(memory.save, "not a remembered policy")
    assert path.read_bytes() == b"a letter to somebody"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(lambda: Memory(tmp_path), "is no file to remember policies in")
    refused(lambda: Memory(tmp_path / "missing" / "policies"), "cannot write beside")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless device here")
def test_what_never_ends(tmp_path: Path) -> None:
    refused(lambda: Memory(Path("/dev/zero")), "is no file to remember policies in")
    path = tmp_path / "policies"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    refused(lambda: memory_of(path), "is larger than any file of remembered policies")


def test_a_link_stays_one_and_the_file_s_mode_what_it_was(tmp_path: Path) -> None:
    path, link = tmp_path / "policies", tmp_path / "link"
    learn(path, policy("fabrikam.com"))
    path.chmod(0o640)
    link.symlink_to(path)
    learn(link, policy())
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert set(memory_of(path).policies) == {"contoso.com", "fabrikam.com"}


def test_nothing_is_lost_where_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, beside = tmp_path / "policies", tmp_path / f".probe-{'0' * 16}"
    learn(path, policy("fabrikam.com"))
    memory = memory_of(path)
    memory.learn(policy())
    monkeypatch.setattr("secrets.token_hex", lambda size: "0" * 2 * size)
    beside.write_text("somebody's")
    refused(memory.save, "cannot write")
    assert (set(memory_of(path).policies), beside.read_text()) == ({"fabrikam.com"}, "somebody's")


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policies"
    learn(path, policy("fabrikam.com"))
    memory = memory_of(path)
    memory.learn(policy())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    refused(memory.save, "No space left on device")
    assert set(memory_of(path).policies) == {"fabrikam.com"}
    assert list(tmp_path.iterdir()) == [path]


# From run to run

HOST = "mta-sts.contoso.com"
LEAF = reports.ISSUING.leaf(names=(HOST,))
RESPONSE = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY.decode()}"


def fetched(issued: pki.Issued = LEAF, **changes: Any) -> Evidence:
    """Evidence on a domain whose policy host answered."""
    evidence = reports.promising(Promises()).evidence
    asked = evidence.mta_sts
    assert asked
    seen = reports.observation("203.0.113.1", issued, reports.ISSUING, host=HOST)
    turns = (
        Turn(who=Speaker.CLIENT, data=f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {HOST}\r\n\r\n", tls=True),
        Turn(who=Speaker.SERVER, data=RESPONSE, tls=True),
    )
    fetch = replace(seen, endpoint=replace(seen.endpoint, port=443, dialogue="policy"), transcript=turns)
    return replace(evidence, mta_sts=replace(asked, **{"fetches": (fetch,), **changes}))


def printed(path: Path, *evidence: Evidence) -> None:
    anchors = Anchors(label="of the test", der=(reports.ROOT.der,))
    with Printer(
        Format.JSON,
        Standard(),
        anchors,
        None,
        verbosity=0,
        transcript=False,
        colour=False,
        several=False,
        memory=memory_of(path),
    ) as printer:
        for each in evidence:
            printer.deliver(each)
        printer.finish()


@pytest.mark.usefixtures("capsysbinary")
def test_a_run_remembers_what_it_fetched_and_trusts(tmp_path: Path) -> None:
    path = tmp_path / "policies"
    stranger = pki.Authority.root("CN=Stranger").leaf(names=(HOST,))
    printed(path, fetched(stranger), reports.exchange_default().evidence)
    assert not path.exists()
    printed(path, fetched())
    kept = policy(fetched=reports.AT)
    assert memory_of(path).policies == {"contoso.com": replace(kept, id="20261101T000000")}


class Interrupting:
    """Evidence in the midst of which Ctrl-C is pressed."""

    @property
    def at(self) -> datetime:
        raise KeyboardInterrupt


@pytest.mark.usefixtures("capsysbinary")
def test_what_was_learnt_before_an_interruption_is_kept_and_what_lives_stays(tmp_path: Path) -> None:
    path = tmp_path / "policies"
    with pytest.raises(KeyboardInterrupt):
        printed(path, fetched(), Interrupting())  # type: ignore[arg-type]
    assert set(memory_of(path).policies) == {"contoso.com"}
    before = path.read_bytes()
    printed(path, fetched(fetches=(), remembered=memory_of(path).policies["contoso.com"]))
    assert path.read_bytes() == before
