"""Commands with this organisation's names in them: filled in where they are known, and never more than a name."""

import re
import shlex
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probe.judge.catalogue import CATALOGUE, Entry, explain
from probe.judge.catalogue import words as shared
from probe.judge.catalogue.powershell import at_its_console
from probe.model import Finding, Names, Verdict, Where
from probe.report.blanks import BLANKS, PER_SERVER, blanks, filled
from probe.report.remedy import PLACES, REPEATS, Step, steps

THUMBPRINT = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
OLD = "3A1268A55C8D7FF3B37044A58E82A139AC9B8175"
COMMON = (("SEND-CONNECTOR", "Outbound to Office 365"), ("THUMBPRINT", THUMBPRINT))
EX01 = (("RECEIVE-CONNECTOR", "EX01\\Default Frontend EX01"), ("SERVER", "EX01"))
EX02 = (("RECEIVE-CONNECTOR", "EX02\\Standard-Frontend EX02"), ("SERVER", "EX02"))
ORGANISATION = Where(kind="organisation")
QUOTES = "'\u2018\u2019\u201a\u201b"


def entry(*remedy: str) -> Entry:
    return Entry(code="x", title="X", meaning="X.", cause="X.", remedy=remedy, references=("X",))


def found(where: Where = ORGANISATION, *servers: tuple[tuple[str, str], ...], **common: str) -> Finding:
    told = tuple((blank.replace("_", "-"), value) for blank, value in common.items())
    return Finding(code="x", verdict=Verdict.FAIL, where=where, names=Names(common=told or COMMON, servers=servers))


def commands(told: Sequence[Step]) -> list[str]:
    return [line.strip() for step in told for line in step[1:]]


# What a console makes of a pasted line


def powershell(line: str) -> Iterator[tuple[str, str]]:
    """PowerShell's own reading of single quotes: any of five ends the string, two beside one another are the last of
    them. Gives ("text", …) for each string and ("code", …) for what is between."""
    at, code = 0, ""
    while at < len(line):
        if line[at] not in QUOTES:
            code += line[at]
            at += 1
            continue
        yield "code", code
        at, code, text = at + 1, "", ""
        while True:
            assert at < len(line), f"the string does not end: {line}"
            if line[at] not in QUOTES:
                text += line[at]
                at += 1
            elif line[at + 1 : at + 2] and line[at + 1] in QUOTES:
                text += line[at + 1]
                at += 2
            else:
                at += 1
                break
        yield "text", text
    yield "code", code


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=QUOTES + '$`;(){}|&<>"\\ \n\r\0\u200b\u202eaB0-.*', max_size=40),
)
VALUE = st.builds(lambda text, tail: text + tail, HOSTILE, st.sampled_from(["", "'", "\u2019", "`", "$"]))


@given(VALUE)
@example("O'Brien")
@example("\u2018; Remove-Item C:\\ -Recurse; \u2018")
@example("'\u2019")
@example("$(Restart-Computer)")
@example("`'; Restart-Computer #")
@example("<THUMBPRINT>")
def test_in_powershell_a_value_is_nothing_but_text(value: str) -> None:
    template = "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -Fqdn '<NAME>' -TlsCertificateName $n"
    line = filled(template, {"RECEIVE-CONNECTOR": value, "NAME": value})
    read = list(powershell(line))
    assert [text for kind, text in read if kind == "code"] == [
        "    Set-ReceiveConnector ",
        " -Fqdn ",
        " -TlsCertificateName $n",
    ]
    expected = [value, value] if value and value.isprintable() else ["<RECEIVE-CONNECTOR>", "<NAME>"]
    assert [text for kind, text in read if kind == "text"] == expected
    assert line.isprintable()


@given(VALUE)
@example("mail.contoso.com' --evidence /etc/passwd '")
@example('mail" --evidence "x')
@example("-rf")
@example("--evidence=x")
@example("*.contoso.com")
@example("[2001:db8::25]:25")
@pytest.mark.parametrize("template", ["    probe '<TARGET>' -v", "    ping -f -l 1472 '<TARGET>'"])
def test_for_other_programs_a_value_is_one_plain_word_in_either_shell(template: str, value: str) -> None:
    line = filled(template, {"TARGET": value})
    if line != template:
        assert re.fullmatch(r"[\w.:*\[\]-]+", value, re.ASCII)
        assert not value.startswith("-")
    word = value if line != template else "<TARGET>"
    assert shlex.split(line) == shlex.split(template.replace("'<TARGET>'", shlex.quote(word)))
    assert [text for kind, text in powershell(line) if kind == "text"] == [word]


@given(VALUE)
@example("mail.contoso.com")
@example("-rf")
def test_outside_quotes_only_what_no_shell_or_zone_file_reads(value: str) -> None:
    for template in ("    dig <HOST> MX", "    _25._tcp.<HOST>. 3600 IN TLSA 3 1 1 <DIGEST>", '    Set-It "<HOST>"'):
        line = filled(template, {"HOST": value})
        fit = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", value)
        assert line == (template.replace("<HOST>", value) if fit else template)


@pytest.mark.parametrize(
    "value", ["*", "52B4AA6D*", "", THUMBPRINT + "0", f"{THUMBPRINT} ", "\u200e" + THUMBPRINT[:-1], "G" * 40]
)
def test_what_is_no_thumbprint_is_not_pasted_as_one(value: str) -> None:
    # `Remove-Item Cert:\LocalMachine\My\*` would remove every certificate.
    template = "    Remove-ExchangeCertificate -Server 'EX01' -Thumbprint '<OLD-THUMBPRINT>'"
    assert filled(template, {"OLD-THUMBPRINT": value}) == template
    assert OLD in filled(template, {"OLD-THUMBPRINT": OLD})


@pytest.mark.parametrize("value", ["EX01\nRestart-Computer", "EX\u202e01", "EX\u200b01", "EX\udc8001", "x" * 301])
def test_what_cannot_be_seen_is_not_pasted(value: str) -> None:
    assert filled("    Get-Thing '<SERVER>'", {"SERVER": value}) == "    Get-Thing '<SERVER>'"


def test_only_our_own_blanks_are_blanks() -> None:
    line = "    $n = '<I>{0}<S>{1}' -f '<PFX-FILE>', '<SERVER>'"
    values = {"I": "x", "S": "y", "PFX-FILE": "z", "SERVER": "EX01"}
    assert filled(line, values) == "    $n = '<I>{0}<S>{1}' -f '<PFX-FILE>', 'EX01'"


def test_a_value_is_not_read_for_blanks_itself() -> None:
    assert filled("    Get-Thing '<SERVER>'", {"SERVER": "<NAME>", "NAME": "x"}) == "    Get-Thing '<NAME>'"


# Which values


def test_nothing_known_leaves_the_blanks_and_the_usual_name_of_the_connector() -> None:
    told = steps([Finding(code="x", verdict=Verdict.FAIL, where=Where(kind="target"))], entry(*shared.USE_CERTIFICATE))
    assert "Set-ReceiveConnector '<SERVER>\\Default Frontend <SERVER>' -TlsCertificateName $n" in commands(told)
    assert "Set-SendConnector '<SEND-CONNECTOR>' -TlsCertificateName $n" in commands(told)


def test_each_server_gets_its_own_commands_with_the_variables_set_just_before() -> None:
    told = steps([found(ORGANISATION, EX01, EX02)], entry(*shared.USE_CERTIFICATE))
    (point,) = (step for step in told if any("Set-ReceiveConnector" in line for line in step))
    assert [line.strip() for line in point[1:]] == [
        f"$c = Get-ExchangeCertificate -Server 'EX01' -Thumbprint '{THUMBPRINT}'",
        "$n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
        "Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName $n",
        f"$c = Get-ExchangeCertificate -Server 'EX02' -Thumbprint '{THUMBPRINT}'",
        "$n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
        "Set-ReceiveConnector 'EX02\\Standard-Frontend EX02' -TlsCertificateName $n",
    ]
    assert commands(told).count("Set-SendConnector 'Outbound to Office 365' -TlsCertificateName $n") == 1


def test_what_does_not_differ_is_said_once_before_and_after() -> None:
    told = steps(
        [found(ORGANISATION, EX01, EX02)],
        entry(
            "Do:", "    $b = Read-Thing '<PFX-FILE>'", "    Import-Thing '<SERVER>' $b", "    Get-Thing '<THUMBPRINT>'"
        ),
    )
    assert commands(told) == [
        "$b = Read-Thing '<PFX-FILE>'",
        "Import-Thing 'EX01' $b",
        "Import-Thing 'EX02' $b",
        f"Get-Thing '{THUMBPRINT}'",
    ]


@pytest.mark.parametrize("kind", ["connector", "installed"])
@pytest.mark.parametrize("host", ["EX02", "ex02.corp.contoso.com"])
def test_a_finding_about_one_server_is_mended_there_only(kind: str, host: str) -> None:
    told = steps([found(Where(kind=kind, host=host, name="any"), EX01, EX02)], entry(*shared.USE_CERTIFICATE))
    assert not any("EX01" in line for line in commands(told))
    assert "Set-ReceiveConnector 'EX02\\Standard-Frontend EX02' -TlsCertificateName $n" in commands(told)


def test_findings_at_two_servers_name_both_in_order() -> None:
    group = [found(Where(kind="connector", host=host, name=f"{host}\\x"), EX01, EX02) for host in ("EX02", "EX01")]
    told = steps(group, entry("Do:", "    Get-Thing '<SERVER>' '<RECEIVE-CONNECTOR>'"))
    assert commands(told) == ["Get-Thing 'EX02' 'EX02\\x'", "Get-Thing 'EX01' 'EX01\\x'"]


def test_a_finding_about_a_connector_is_mended_at_that_connector() -> None:
    where = Where(kind="connector", host="EX01", name="EX01\\From partners")
    told = steps([found(where, EX01, EX02)], entry(*shared.OFFER_TLS))
    assert "Set-ReceiveConnector 'EX01\\From partners' -AuthMechanism $a" in commands(told)


def test_a_server_that_only_the_finding_knows() -> None:
    told = steps([found(Where(kind="installed", host="EX09", name=THUMBPRINT))], entry("Restart:", *shared.RESTART))
    assert commands(told) == [
        "Invoke-Command 'EX09' { Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport }"
    ]


def at_edge(server: str) -> tuple[tuple[str, str], ...]:
    return (("RECEIVE-CONNECTOR", f"{server}\\Default"), ("SERVER", server))


@pytest.mark.parametrize("server", ["EDGE1", "edge1.contoso.com", "O'EDGE", "E\u2019; x #", "<THUMBPRINT>", "a$(b)"])
def test_an_edge_server_is_told_at_its_own_console(server: str) -> None:
    edges = {"EDGES": f"{server.partition('.')[0].casefold()}\nother", "HOLDER": "EX01"}
    finding = found(ORGANISATION, at_edge(server), EX01, **dict(COMMON), **edges)
    told = steps([finding], entry(*shared.IMPORT_CERTIFICATE, *shared.USE_CERTIFICATE))
    own = [step for step in told if step[0].endswith(" itself, in its Exchange Management Shell:")]
    named = re.sub("(['\u2019])", r"\1\1", server)
    assert [line.strip() for step in own for line in step[1:]] == [
        "$b = [IO.File]::ReadAllBytes('<PFX-FILE>')",
        "Import-ExchangeCertificate -FileData $b -Password (Read-Host -AsSecureString 'Password of the PFX file')",
        f"Enable-ExchangeCertificate -Thumbprint '{THUMBPRINT}' -Services SMTP",
        f"$c = Get-ExchangeCertificate -Thumbprint '{THUMBPRINT}'",
        "$n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
        f"Set-ReceiveConnector '{named}\\Default' -TlsCertificateName $n",
        "Restart-Service MSExchangeTransport",
    ]
    others = [line for step in told if step not in own for line in commands([step])]
    assert not any(named in line for line in others)
    assert "Invoke-Command 'EX01' { Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport }" in others
    assert "Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName $n" in others
    assert "Set-SendConnector 'Outbound to Office 365' -TlsCertificateName $n" in others


def test_where_edge_servers_alone_have_the_certificate_its_name_is_carried_over() -> None:
    told = steps([found(ORGANISATION, at_edge("EDGE1"), **dict(COMMON), EDGES="edge1")], entry(*shared.USE_CERTIFICATE))
    send = next(place for place, step in enumerate(told) if "Set-SendConnector" in " ".join(step))
    assert told[send - 1] == (
        "On EDGE1 itself, in its Exchange Management Shell:",
        f"    $c = Get-ExchangeCertificate -Thumbprint '{THUMBPRINT}'",
        "    $n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
        "    $n",
    )
    assert commands([told[send]]) == [
        "Set-SendConnector 'Outbound to Office 365' -TlsCertificateName $n",
        "Start-EdgeSynchronization",
    ]


def test_an_edge_server_whose_name_cannot_be_shown_has_no_name() -> None:
    for server in ("EDGE\u202e1", "E" * 65):
        told = steps(
            [found(ORGANISATION, (("SERVER", server),), EDGES=server.casefold())], entry("Do:", *shared.RESTART)
        )
        assert told == [
            ("Do:",),
            ("On the Edge server itself, in its Exchange Management Shell:", "    Restart-Service MSExchangeTransport"),
        ]


@pytest.mark.parametrize("line", [line for told in CATALOGUE.values() for line in told.remedy if "'<SERVER>'" in line])
def test_every_command_for_a_server_has_its_form_for_an_edge_server(line: str) -> None:
    (here,) = at_its_console([line])
    assert "Server '" not in here
    assert "Invoke-Command" not in here
    assert "FrontEnd" not in here


def test_a_known_server_of_unknown_connectors_keeps_the_blank() -> None:
    told = steps([found(ORGANISATION, (("SERVER", "EX01"),))], entry(*shared.OFFER_TLS))
    assert "Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -AuthMechanism $a" in commands(told)


def test_connectors_that_differ_are_each_set() -> None:
    group = [
        found(OUTBOUND_CONNECTOR="One", NEW_NAME="mail.contoso.com"),
        found(OUTBOUND_CONNECTOR="Two", NEW_NAME="*.contoso.com"),
    ]
    assert commands(steps(group, entry(*shared.SET_OUTBOUND)))[:2] == [
        "Set-OutboundConnector 'One' -TlsSettings DomainValidation -TlsDomain 'mail.contoso.com'",
        "Set-OutboundConnector 'Two' -TlsSettings DomainValidation -TlsDomain '*.contoso.com'",
    ]


def test_who_knows_less_adds_nothing() -> None:
    group = [Finding(code="x", verdict=Verdict.FAIL, where=Where(kind="target")), found(NAME="a"), found(NAME="a")]
    assert commands(steps(group, entry("Do:", "    Get-Thing '<NAME>'"))) == ["Get-Thing 'a'"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(kind="endpoint", host="mx.contoso.com", address="192.0.2.1", port=25), "mx.contoso.com:25"),
        (
            Where(kind="certificate", host="mx.contoso.com", address="192.0.2.1", port=25, position=0),
            "mx.contoso.com:25",
        ),
        (Where(kind="endpoint", host="2001:db8::1", address="2001:db8::1", port=465), "[2001:db8::1]:465"),
        (Where(kind="host", host="mx.contoso.com"), "<TARGET>"),
        (Where(kind="endpoint", host="mx'; id; '", address="192.0.2.1", port=25), "<TARGET>"),
        (Where(kind="log", host="EX01", address="192.0.2.1", port=25), "<TARGET>"),
    ],
)
def test_the_place_of_a_finding_is_its_target(where: Where, expected: str) -> None:
    told = steps([found(where)], entry("Do:", "    probe '<TARGET>' -v"))
    assert commands(told) == [f"probe '{expected}' -v"]


def test_many_places_and_servers_are_bounded_and_that_is_said() -> None:
    at = [found(Where(kind="endpoint", host="mx", address=f"192.0.2.{n}", port=25)) for n in range(16)]
    (step,) = steps(at, entry("Check the path MTU:", "    ping -f -l 1472 '<ADDRESS>'"))
    assert step[0] == f"Check the path MTU, here for the first {PLACES}:"
    assert len(step) == 1 + PLACES
    servers = [(("SERVER", f"EX{n}"),) for n in range(1000)]
    (step,) = steps([found(ORGANISATION, *servers)], entry("Do:", "    Get-Thing '<SERVER>'"))
    assert step[0] == f"Do, here for the first {REPEATS}:"
    assert len(step) == 1 + REPEATS


# The catalogue's own lines

EVERY = [
    pytest.param(line, id=f"{code}:{number}")
    for code, told in CATALOGUE.items()
    for number, line in enumerate(dict.fromkeys((*told.remedy, *(x for c in told.causes.values() for x in c.remedy))))
    if line.startswith(" ") and "<" in line
]


@pytest.mark.parametrize("line", EVERY)
def test_blanks_that_hold_names_stand_in_single_quotes(line: str) -> None:
    """What an organisation names freely may hold anything, and is filled in nowhere else."""
    free = (PER_SERVER | {"SEND-CONNECTOR", "INBOUND-CONNECTOR", "OUTBOUND-CONNECTOR", "NAME", "NEW-NAME"}) & {
        *blanks(line)
    }
    outside = re.sub(r"'[^']*'", "", line)
    assert not any(f"<{blank}>" in outside for blank in free)
    assert line.count("'") % 2 == 0
    values = {blank: OLD if "THUMBPRINT" in blank else "x1" for blank in BLANKS}
    assert not [*blanks(filled(line, values))]


@pytest.mark.parametrize(
    ("code", "cause", "command"),
    [  # of every fix that is a command, one finding whose remedy it is
        ("certificate-host-mismatch", None, "Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsCertificateName $n"),
        ("certificate-expired", None, "Remove-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<OLD-THUMBPRINT>'"),
        ("address-drift", None, "Import-ExchangeCertificate -Server '<SERVER>'"),
        (
            "chain-incomplete",
            None,
            "Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",
        ),
        ("not-observed", "HANDSHAKE/CLOSED", "certutil -repairstore my '<THUMBPRINT>'"),
        ("certificate-host-mismatch", None, "Set-OutboundConnector '<OUTBOUND-CONNECTOR>'"),
        ("certificate-host-mismatch", None, "Validate-OutboundConnector '<OUTBOUND-CONNECTOR>'"),
        ("tls-version-old", "below-1.2", "DisabledByDefault 0"),
        ("not-observed", "AFTER/REJECTED", "certutil -generateSSTFromWU roots.sst"),
        ("starttls-not-supported", "masked", "no inspect esmtp"),
        ("starttls-not-supported", "not-offered", "Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -AuthMechanism $a"),
    ],
)
def test_a_fault_that_a_command_mends_has_the_command(code: str, cause: str | None, command: str) -> None:
    assert any(command in line for line in explain(code, cause).remedy)
