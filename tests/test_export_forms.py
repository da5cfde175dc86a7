"""Exports in every form and encoding: what they read to, what is lost, and that nothing but `ExportError` comes out."""

import codecs
import csv as library_csv
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.errors import ExportError
from probe.exchange.forms import read
from probe.exchange.forms.printed import value as printed
from probe.exchange.raw import Listed, Nested, Raw, Value
from probe.exchange.text import decoded, wellformed
from probe.model import Gap

EXCHANGE = Path(__file__).parents[1] / "fixtures" / "exchange"
SAMPLES = sorted(path for path in (EXCHANGE / "exports").rglob("*") if path.is_file())
SMALL = [path for path in SAMPLES if path.stat().st_size < 3000]

ISSUER = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
PAIR = f"<I>{ISSUER}<S>{SUBJECT}"
SPACE = "smtp:contoso.mail.onmicrosoft.com;1"

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with BOM": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16LE": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16BE": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16LE without BOM": lambda text: text.encode("utf-16-le"),
    "UTF-16BE without BOM": lambda text: text.encode("utf-16-be"),
    "Windows-1252": lambda text: text.encode("cp1252"),
}


def sample(name: str) -> bytes:
    return (EXCHANGE / "exports" / name).read_bytes()


def text_of(name: str) -> str:
    return sample(name).decode("utf-8-sig")


def objects(text: str) -> tuple[Raw, ...]:
    return read(text.encode(), "file").objects


def one(text: str) -> Raw:
    (found,) = objects(text)
    return found


def wrong(data: bytes | str, pattern: str, hint: str = "") -> None:
    """It is refused, in one line and at once."""
    started = time.monotonic()
    with pytest.raises(ExportError) as caught:
        read(data.encode() if isinstance(data, str) else data, "dir/file.txt")
    assert re.search(pattern, str(caught.value)), str(caught.value)
    assert re.search(hint, caught.value.hint), caught.value.hint
    assert str(caught.value).startswith("dir/file.txt")
    assert str(caught.value).isprintable()
    assert caught.value.hint
    assert time.monotonic() - started < 20


# ---- the samples ----

FORMS = {
    "onprem-sendconnector.fl80.txt": "format-list",
    "onprem-sendconnector.ps51.json": "json",
    "onprem-sendconnector.clixml": "clixml",
    "onprem-sendconnector.csv": "csv",
    "onprem-certs.clixml": "clixml",
    "onprem-certs.fl.txt": "format-list",
    "onprem-receiveconnector.fl.txt": "format-list",
    "onprem-receiveconnector.flat.json": "json",
    "exo-inbound.json": "json",
    "exo-outbound.json": "json",
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_sample_reads_the_same_in_every_encoding(name: str, encoding: str) -> None:
    plain = read(sample(name), name)
    assert plain.form == FORMS[name]
    assert plain.objects
    again = read(ENCODINGS[encoding](text_of(name)), "another.name")  # never by its name
    # Plain ASCII is the same in UTF-8 and in Windows-1252.
    assert again.encoding == ("UTF-8" if encoding == "Windows-1252" else encoding)
    assert again.objects == plain.objects


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_every_sample_reads_the_same_with_every_line_end(name: str, end: str) -> None:
    text = re.sub(r"\r?\n", end, text_of(name))
    if end == "\r\r\n" and FORMS[name] != "format-list":
        return  # blank lines between, which those forms do not care for but count
    assert objects(text) == read(sample(name), name).objects


def test_a_letter_beyond_ascii_survives_in_every_encoding() -> None:
    for name, encode in ENCODINGS.items():
        found = read(encode("Name     : Empfang für Büro\r\nEnabled  : True\r\n"), "file")
        assert (found.encoding, found.objects[0].properties["name"]) == (name, "Empfang für Büro")


def test_bytes_that_no_encoding_defines_are_replaced() -> None:
    assert decoded(b"\x81\xfc") == ("�ü", "Windows-1252")
    assert decoded(codecs.BOM_UTF8 + b"a\xff") == ("a�", "UTF-8 with BOM")
    assert decoded(codecs.BOM_UTF16_LE + b"a\0\0\xd8b") == ("a�", "UTF-16LE")
    assert decoded(b"") == ("", "UTF-8")
    assert decoded(b"a") == ("a", "UTF-8")
    assert wellformed("a\ud83d\ude00\ud800") == "a\U0001f600�"


def test_the_send_connector_in_each_form() -> None:
    fl, js, xml, cs = (
        read(sample(f"onprem-sendconnector.{end}"), end).objects[0]
        for end in ("fl80.txt", "ps51.json", "clixml", "csv")
    )
    assert fl.properties["tlscertificatename"] == PAIR
    assert cs.properties["tlscertificatename"] == PAIR
    assert xml.properties["tlscertificatename"] == Nested(
        text=PAIR,
        properties={
            "certificatesubject": SUBJECT,
            "certificateissuer": ISSUER,
            "subjectcommonname": Nested(text="mail.contoso.com"),
        },
    )
    assert js.properties["tlscertificatename"] == Nested(
        properties={
            "certificatesubject": SUBJECT,
            "certificateissuer": ISSUER,
            "subjectcommonname": "mail.contoso.com",
        }
    )

    assert fl.properties["addressspaces"] == js.properties["addressspaces"] == Listed(values=(SPACE,))
    assert xml.properties["addressspaces"] == Listed(values=(Nested(text=SPACE),))
    assert cs.properties["addressspaces"] is Gap.LOST
    assert fl.properties["smarthosts"] == js.properties["smarthosts"] == Listed(values=())

    assert fl.properties["tlsauthlevel"] == cs.properties["tlsauthlevel"] == "DomainValidation"
    assert js.properties["tlsauthlevel"] == 4
    assert xml.properties["tlsauthlevel"] == Nested(text="DomainValidation", number=4)

    when = datetime(2025, 10, 21, 9, 12, 45, tzinfo=UTC)
    assert js.properties["whenchangedutc"] == xml.properties["whenchangedutc"] == when
    assert xml.properties["homemta"] is None
    assert "homemta" not in fl.properties
    assert xml.properties["pscomputername"] == "ex01.corp.contoso.com"
    assert (fl.types, js.types) == ((), ())
    kind = "Microsoft.Exchange.Data.Directory.SystemConfiguration.SmtpSendConnectorConfig"
    assert (xml.types, cs.types) == ((kind, "System.Object"), (kind,))
    assert xml.text == js.properties["name"]


@pytest.mark.parametrize("name", FORMS)
def test_lines_are_where_the_names_stand(name: str) -> None:
    lines = text_of(name).split("\n")
    for found in read(sample(name), name).objects:
        for key, number in found.lines.items():
            # In CSV names stand above, and a property's line is its row's.
            assert found.spelt[key] in lines[1 if name.endswith(".csv") else number - 1]


def test_the_certificates() -> None:
    files = ("renewed_same.pem", "old.pem", "selfsigned.pem")
    der = [x509.load_pem_x509_certificate((EXCHANGE / name).read_bytes()) for name in files]
    clixml = read(sample("onprem-certs.clixml"), "file").objects
    assert [x509.load_der_x509_certificate(_bytes(found.properties["rawdata"])) for found in clixml] == der
    assert {found.types[0] for found in clixml} == {
        "Microsoft.Exchange.Management.SystemConfigurationTasks.ExchangeCertificate"
    }
    assert [found.line for found in clixml] == [2, 10, 18]
    assert clixml[0].text
    assert clixml[0].text.startswith(f"[Subject]\r\n  {SUBJECT}\r\n")
    listed = read(sample("onprem-certs.fl.txt"), "file").objects
    assert [found.line for found in listed] == [4, 20, 36]
    assert listed[0].properties["certificatedomains"] == Listed(values=("mail.contoso.com", "autodiscover.contoso.com"))
    assert listed[0].properties["notafter"] == "5/1/2027 11:59:59 PM"
    assert listed[1].properties["issuer"] == ISSUER


def _bytes(value: Value) -> bytes:
    assert isinstance(value, bytes)
    return value


# ---- lists as PowerShell prints them ----

LISTS: dict[str, Value] = {
    "": None,
    "  ": None,
    "{}": Listed(values=()),
    "{ }": Listed(values=()),
    "{a}": Listed(values=("a",)),
    "{a, b}": Listed(values=("a", "b")),
    "{[::]:25, 0.0.0.0:25}": Listed(values=("[::]:25", "0.0.0.0:25")),
    "{a, b, c, d...}": Listed(values=("a", "b", "c", "d"), cut=True),
    "{a, b…}": Listed(values=("a", "b"), cut=True),
    "{a, b, ...}": Listed(values=("a", "b"), cut=True),
    "{...}": Listed(values=(), cut=True),
    "{a, b...": Listed(values=("a", "b"), cut=True),
    "{a, b": Listed(values=("a", "b"), cut=True),
    "{a,b}": Listed(values=("a,b",)),
    '{O="A, Inc.", b}': Listed(values=('O="A, Inc."', "b")),
    '{a" b, c" d, e"}': Listed(values=('a" b', 'c" d', 'e"')),
    '{a" b, c}': Listed(values=('a" b', "c")),  # a quote without its partner is a letter
    f"{{{PAIR}:AcceptCloudServicesMail, mail.x.org:AcceptCloudServicesMail}}": Listed(
        values=(f"{PAIR}:AcceptCloudServicesMail", "mail.x.org:AcceptCloudServicesMail")
    ),
    "{<S>CN=a, O=b, <S>CN=c, O=d}": Listed(values=("<S>CN=a, O=b", "<S>CN=c, O=d")),
    "{CN=a, O=b}": Listed(values=("CN=a", "O=b")),  # may be two as well as one
    "True": "True",
    "a, b": "a, b",
    "System.Object[]": Gap.LOST,
    "System.String[]": Gap.LOST,
    "System.Collections.ArrayList": Gap.LOST,
    "System.Collections.Generic.List`1[System.String]": Gap.LOST,
    "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.SmartHost]": Gap.LOST,
    "Microsoft.Exchange.Data.MultiValuedProperty`1[[Microsoft.Exchange.Data.SmartHost, Version=15.0]]": Gap.LOST,
    "Deserialized.Microsoft.Exchange.Data.AddressSpace": Gap.LOST,
    "microsoft.com": "microsoft.com",
    "Microsoft.com": "Microsoft.com",
    "System.contoso.com": "System.contoso.com",
    "System.Object is lost": "System.Object is lost",
}


@pytest.mark.parametrize(("text", "expected"), LISTS.items())
def test_printed_values(text: str, expected: Value) -> None:
    assert printed(text) == expected


# ---- Format-List ----


def words(text: str) -> list[str]:
    """Words with the blank behind them, as PowerShell breaks a line."""
    return re.findall(r"[^ ]* |[^ ]+$", text)


def wrapped(text: str, room: int, *, at_blanks: bool = True) -> list[str]:
    """The lines that PowerShell makes of a value: at blanks in six cultures, where the line is full in all others."""
    if len(text) <= room:
        return [text]
    lines = [""]
    for word in words(text) if at_blanks else [text]:
        if len(word) > room:
            for letter in word:
                if len(lines[-1]) == room:
                    lines.append("")
                lines[-1] += letter
        elif len(lines[-1]) + len(word) > room:
            lines.append(word)
        else:
            lines[-1] += word
    return lines


def format_list(properties: dict[str, str], width: int, *, at_blanks: bool = True, trimmed: bool = False) -> str:
    label = max(map(len, properties))
    lines = []
    for name, value in properties.items():
        room = width - label - 3
        first, *more = wrapped(value, room, at_blanks=at_blanks)
        lines += [f"{name:{label}} : {first}", *(" " * (label + 3) + line for line in more)]
    return "\r\n" + "\r\n".join(line.rstrip() if trimmed else line for line in lines) + "\r\n\r\n\r\n"


CONNECTOR = {
    "AddressSpaces": "{smtp:contoso.mail.onmicrosoft.com;1, smtp:fabrikam.mail.onmicrosoft.com;1}",
    "Fqdn": "mail.contoso.com",
    "HomeMTA": "",
    "Identity": "Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10",
    "TlsCertificateName": PAIR,
    "TlsDomain": "mail.protection.outlook.com",
}
READ: dict[str, Value] = {
    "addressspaces": Listed(values=(SPACE, "smtp:fabrikam.mail.onmicrosoft.com;1")),
    "fqdn": "mail.contoso.com",
    "homemta": None,
    "identity": CONNECTOR["Identity"],
    "tlscertificatename": PAIR,
    "tlsdomain": "mail.protection.outlook.com",
}


@pytest.mark.parametrize("width", [*range(50, 130), 200, 300])
def test_a_value_is_the_same_at_every_width(width: int) -> None:
    assert one(format_list(CONNECTOR, width)).properties == READ


@pytest.mark.parametrize("width", [*range(49, 130), 160, 200, 300])
def test_a_value_is_the_same_when_editors_have_trimmed_its_lines(width: int) -> None:
    assert one(format_list(CONNECTOR, width, trimmed=True)).properties == READ


@pytest.mark.parametrize("width", [*range(45, 130), 160, 200, 300])
def test_a_value_is_the_same_when_cut_where_lines_are_full(width: int) -> None:
    """As in cultures such as Dutch and Japanese."""
    assert one(format_list(CONNECTOR, width, at_blanks=False)).properties == READ


@pytest.mark.parametrize("width", [60, 100, 120])
def test_the_same_lines_on_every_server_are_no_sign_of_cutting(width: int) -> None:
    """All lines that go on end in the same column, as they are the same line."""
    alike = {
        "Name": "Default Frontend",
        "TlsCertificateName": PAIR if width > 80 else "mail.contoso.com and another two",
    }
    found = objects(format_list(alike, width, trimmed=True) * 4)
    assert [raw.properties["tlscertificatename"] for raw in found] == [alike["TlsCertificateName"]] * 4


THUMBPRINT = {
    "Thumbprint": "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1",
    "Comment": "and 52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1 again and again",
    "Status": "Valid",
    "Services": "IIS, SMTP",
}


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("width", range(24, 54))
def test_a_word_wider_than_a_line_stays_one_word(width: int, trimmed: bool) -> None:
    assert one(format_list(THUMBPRINT, width, trimmed=trimmed)).properties == {
        name.lower(): value for name, value in THUMBPRINT.items()
    }


def test_a_word_that_fills_a_line_leaves_its_blank_alone_on_the_next() -> None:
    value = f"{'x' * 43} {'y' * 43}"
    text = format_list({"Name": value}, 50)
    assert "\r\n        \r\n       yyy" in text
    assert one(text).properties == {"name": value}


WORDS = st.lists(st.text("abcXYZ019.-=<>", min_size=1, max_size=40), min_size=1, max_size=20).map(" ".join)


@given(
    st.dictionaries(st.sampled_from(["Name", "Fqdn", "TlsDomain", "Comment"]), WORDS, min_size=1), st.integers(40, 99)
)
@settings(deadline=None)
def test_untrimmed_values_are_the_same_at_every_width(properties: dict[str, str], width: int) -> None:
    found = one(format_list(properties, width)).properties
    assert found == {name.lower(): value for name, value in properties.items()}


def test_a_text_of_several_lines() -> None:
    text = "Comment : one\r\n          two\r\n          \r\n          three\r\nName    : n\r\n"
    assert one(text).properties == {"comment": "one two three", "name": "n"}
    longer = text.replace("two\r\n", "two\r\n          \r\n")
    assert one(longer).properties == {"comment": "one two three", "name": "n"}
    assert one(text.replace(" " * 10 + "\r", "\r")).properties == {"comment": "one two three", "name": "n"}


CONSOLE = """\
Windows PowerShell transcript start
Start time: 20261121080000
**********************
         Welcome to the Exchange Management Shell!

VERBOSE: Connecting to EX01.corp.contoso.com.
[PS] C:\\Windows\\system32>Get-SendConnector | fl Name,TlsDomain


Name      : Outbound to Office 365
TlsDomain : mail.protection.outlook.com
WARNING: The object Internet has been corrupted, and it's in an inconsistent state.

Name      : Internet
TlsDomain :



[PS] C:\\Windows\\system32>Get-ReceiveConnector x
The operation couldn't be performed because object 'x' couldn't be found on 'dc01.corp.contoso.com'.
    + CategoryInfo          : NotSpecified: (:) [Get-ReceiveConnector], ManagementObjectNotFoundException
    + FullyQualifiedErrorId : [Server=EX01,RequestId=1] 8A0A0A,Microsoft.Exchange.Management.GetReceiveConnector
    + PSComputerName        : ex01.corp.contoso.com

PS C:\\> Get-AcceptedDomain | fl
Creating a new session for implicit remoting of "Get-AcceptedDomain" command...

DomainName       : contoso.com
DomainType       : Authoritative
MatchSubDomains  : False
PS C:\\> exit
"""


def test_consoles_say_more_than_objects() -> None:
    first, second, third = objects(CONSOLE)
    assert first.properties == {"name": "Outbound to Office 365", "tlsdomain": "mail.protection.outlook.com"}
    assert second.properties == {"name": "Internet", "tlsdomain": None}
    assert third.properties == {"domainname": "contoso.com", "domaintype": "Authoritative", "matchsubdomains": "False"}
    assert [found.line for found in (first, second, third)] == [10, 14, 28]
    assert third.lines["domaintype"] == 29


def test_indentation_that_a_mail_has_lost() -> None:
    fl = text_of("onprem-sendconnector.fl80.txt")
    expected = read(fl.encode(), "file").objects[0].properties
    assert one(re.sub(r"(?m)^ +", "", fl)).properties == expected
    assert one(re.sub(r"(?m)^ +", "  ", fl)).properties == expected
    assert one(re.sub(r"(?m)^", "    ", fl)).properties == expected  # a quotation


def test_an_unknown_line_below_nothing_is_no_value() -> None:
    for end in ("", " "):
        assert one(f"Name   : a\nBanner :{end}\nDone.\n").properties == {"name": "a", "banner": None}


def test_a_terminal_that_cut_the_lines() -> None:
    line = f"TlsCertificateName : {PAIR}"
    cut = "\n".join(line[place : place + 50] for place in range(0, len(line), 50))
    assert one(f"Name               : x\n{cut}\nTlsDomain          : y\n").properties["tlscertificatename"] == PAIR


def test_objects_of_a_list_without_blank_lines_between() -> None:
    assert [found.properties for found in objects("Name : a\nB    : 1\nNAME : b\nB    : 2\n")] == [
        {"name": "a", "b": "1"},
        {"name": "b", "b": "2"},
    ]


def test_a_property_that_comes_twice_counts_once() -> None:
    found = one("Name : a\nB    : 1\nb    : 2\nC    : 3\nC    : 3\n")
    assert found.properties == {"name": "a", "b": "1", "c": "3"}
    assert found.spelt["b"] == "B"
    assert found.repeated == ("b",)


def test_blanks_that_a_mail_program_has_made_hard() -> None:
    assert one("Name\u00a0\u00a0 : a\nFqdn\u00a0\u00a0 :\u00a0b\n").properties == {"name": "a", "fqdn": "b"}


def test_names_of_calculated_properties_and_colours() -> None:
    text = "\x1b[32;1mName       : \x1b[0ma\nCert names : \x1b[0m{b}\nTls-Domain : c\n"
    assert one(text).properties == {"name": "a", "cert names": Listed(values=("b",)), "tls-domain": "c"}


# ---- JSON ----


def member(text: str) -> Value:
    return one(f'{{"X": {text}}}').properties["x"]


VALUES: dict[str, Value] = {
    "null": None,
    "true": True,
    "4": 4,
    "-1.5e2": -150.0,
    '""': "",
    '"a\\u003cb\\u003e\\u0026\\u0027"': "a<b>&'",
    '"\\ud83d\\ude00 \\ud800"': "\U0001f600 �",
    '"\\/Date(1761037965000)\\/"': datetime(2025, 10, 21, 9, 12, 45, tzinfo=UTC),
    '"/Date(1761037965123+0100)/"': datetime(2025, 10, 21, 9, 12, 45, 123000, tzinfo=UTC),
    '"/Date(-62135596800000)/"': datetime(1, 1, 1, tzinfo=UTC),
    '"/Date(99999999999999999)/"': "/Date(99999999999999999)/",
    '"2025-10-21T09:12:44.0000000Z"': "2025-10-21T09:12:44.0000000Z",
    '{"value": 4, "Value": "DomainValidation"}': Nested(text="DomainValidation", number=4),
    '{"Value": "DomainValidation", "value": 4}': Nested(text="DomainValidation", number=4),
    '{"value": ["a", "b"], "Count": 2}': Listed(values=("a", "b")),
    '{"value": "\\/Date(0)\\/", "DisplayHint": 2, "DateTime": "x"}': datetime(1970, 1, 1, tzinfo=UTC),
    '{"Domain": {"SmtpDomain": "a"}}': Nested(properties={"domain": Nested(properties={"smtpdomain": "a"})}),
    "[]": Listed(values=()),
    '[1, [], {"A": null}]': Listed(values=(1, Listed(values=()), Nested(properties={"a": None}))),
    '["System.Object"]': Listed(values=("System.Object",)),
    '"System.Object[]"': Gap.LOST,
    '"Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.SmartHost]"': Gap.LOST,
}


@pytest.mark.parametrize(("text", "expected"), VALUES.items())
def test_json_values(text: str, expected: Value) -> None:
    found = member(text)
    assert found == expected
    assert type(found) is type(expected)


def test_one_object_a_list_a_wrapped_list_and_one_a_line() -> None:
    assert one('[{"Name": "a"}]') == one('{"value": [{"Name": "a"}], "Count": 1}') == one('{"Name": "a"}')
    names = [found.properties["name"] for found in objects('{"Name": "a"}\n{"Name": "b"}\n[{"Name": "c"}]\n')]
    assert names == ["a", "b", "c"]
    assert objects("[null]") == ()


def test_what_the_rest_interface_answers() -> None:
    answer = {
        "@odata.context": "https://outlook.office365.com/adminapi/beta/$metadata#Exchange.GenericHashTable",
        "@adminapi.warnings": [],
        "value": [{"@odata.type": "#Exchange.GenericHashTable", "Name": "In", "SenderDomains": ["smtp:*;1"]}],
    }
    found = one(json.dumps(answer))
    assert found.properties["name"] == "In"
    assert found.properties["senderdomains"] == Listed(values=("smtp:*;1",))
    wrong(json.dumps({**answer, "@odata.nextLink": "https://…"}), "line 1: this is one page of several", "all pages")


def test_keys_that_differ_in_case_only() -> None:
    found = one('{"Name": "a", "name": "b", "NAME": "a"}')
    assert (found.properties, found.repeated) == ({"name": "a"}, ("name",))


COMBINED = """\
{ "Collected": "2026-11-21T09:30:00.1234567+01:00",
  "send": [ { "Name": "s" } ],
  "receive": [],
  "hybrid": null,
  "Domains": { "DomainName": "contoso.com" },
  "certs": {"value": [ {"Thumbprint": "A"}, {"Thumbprint": "B"} ], "Count": 2},
  "errors": [ { "Server": "EX02" }, "text" ],
  "version": 1 }
"""


def test_the_combined_file() -> None:
    found = read(COMBINED.encode(), "file")
    assert found.collected == datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)
    assert [(raw.section, *raw.properties.values(), raw.line) for raw in found.objects] == [
        ("send", "s", 2),
        ("domains", "contoso.com", 5),
        ("certs", "A", 6),
        ("certs", "B", 6),
        ("errors", "EX02", 7),
    ]
    online = '{"inbound": [{"Name": "i"}], "outbound": null, "domains": []}'
    assert one(online).section == "inbound"
    assert read(online.encode(), "file").collected is None
    old = '{"collected": {"value": "\\/Date(1761037965000)\\/", "DateTime": "x"}, "send": []}'  # Get-Date itself
    assert read(old.encode(), "file").collected == datetime(2025, 10, 21, 9, 12, 45, tzinfo=UTC)


def test_a_hybrid_configuration_is_no_combined_file() -> None:
    assert one('{"Domains": ["contoso.com"], "Features": []}').section is None
    assert one('{"Domains": ["contoso.com"]}').section is None
    assert one('{"Domains": [{"Domain": "contoso.com"}], "Features": []}').section is None


def test_samples_of_the_whole_organisation() -> None:
    for name in ("onprem", "exo"):
        found = read(sample(f"org/{name}.json"), name)
        assert found.collected == datetime(2026, 11, 21, 8, tzinfo=UTC)
        assert all(raw.section for raw in found.objects)


# ---- Clixml ----


def clixml(inside: str) -> str:
    return f'<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">\n{inside}</Objs>'


def prop(inside: str) -> Value:
    return one(clixml(f"<Obj><Props>{inside}</Props></Obj>")).properties["x"]


ENUM = "<TN><T>System.Enum</T></TN><ToString>Valid</ToString><I32>1</I32>"
ELEMENTS: dict[str, Value] = {
    '<S N="X">a_x000D__x000A_b_x005F_x0041_</S>': "a\r\nb_x0041_",
    '<S N="X">_xD83D__xDE00_ _xD800_</S>': "\U0001f600 �",
    '<S N="X"></S>': "",
    '<S N="X">System.Object[]</S>': Gap.LOST,
    '<B N="X">true</B>': True,
    '<I16 N="X">-4</I16>': -4,
    '<I32 N="X">4</I32>': 4,
    '<I64 N="X">6000000000</I64>': 6000000000,
    '<U64 N="X">18446744073709551615</U64>': 2**64 - 1,
    '<Db N="X">1.5E2</Db>': 150.0,
    '<D N="X">1.50</D>': 1.5,
    '<C N="X">65</C>': "A",
    '<DT N="X">2025-10-21T09:12:45.1234567Z</DT>': datetime(2025, 10, 21, 9, 12, 45, 123456, tzinfo=UTC),
    '<DT N="X">2025-10-21T10:12:45+01:00</DT>': datetime(2025, 10, 21, 9, 12, 45, tzinfo=UTC),
    '<DT N="X">2025-10-21T09:12:45</DT>': "2025-10-21T09:12:45",
    '<G N="X">4f1d6ed3-81ee-4120-9d38-b803867135e5</G>': "4f1d6ed3-81ee-4120-9d38-b803867135e5",
    '<BA N="X">AAEC\n/w==</BA>': b"\0\x01\x02\xff",
    '<Nil N="X" />': None,
    '<TS N="X">PT10M</TS>': "PT10M",
    '<Version N="X">15.2</Version>': "15.2",
    '<URI N="X">http://a/</URI>': "http://a/",
    '<SBK N="X">dir</SBK>': "dir",
    '<Later N="X">1</Later>': Gap.LOST,
    f'<Obj N="X">{ENUM}</Obj>': Nested(text="Valid", number=1),
    '<Obj N="X"><I32>1</I32></Obj>': 1,
    '<Obj N="X"><BA>AA==</BA><MS><S N="Y">z</S></MS></Obj>': b"\0",
    '<Obj N="X"><LST><S>a</S><S>System.Object</S><Nil/></LST></Obj>': Listed(values=("a", "System.Object", None)),
    '<Obj N="X"><IE><I32>1</I32></IE></Obj>': Listed(values=(1,)),
    '<Obj N="X"><QUE/></Obj>': Listed(values=()),
    '<Obj N="X"><STK><S>a</S></STK></Obj>': Listed(values=("a",)),
    '<Obj N="X"><LST><S>a</S></LST><Props><I32 N="Count">1</I32></Props></Obj>': Listed(values=("a",)),
    '<Obj N="X"><DCT><En><S N="Key">K</S><I32 N="Value">1</I32></En></DCT></Obj>': Nested(properties={"k": 1}),
    '<Obj N="Y" RefId="5"><ToString>t</ToString></Obj><Ref N="X" RefId="5"/>': Nested(text="t"),
    '<Obj N="X" RefId="5"><Props><Ref N="Y" RefId="5"/></Props></Obj>': Nested(properties={"y": Gap.LOST}),
}


@pytest.mark.parametrize(("text", "expected"), ELEMENTS.items())
def test_clixml_values(text: str, expected: Value) -> None:
    found = prop(text)
    assert found == expected
    assert type(found) is type(expected)


def test_types_and_added_members_of_clixml() -> None:
    first, second = objects(
        clixml(
            '<Obj RefId="0"><TN RefId="0"><T>A_x0042_</T><T>C</T></TN><MS><S N="Name">m</S><S N="Server">s</S></MS>'
            '<Props><S N="name">p</S></Props></Obj>\n<Obj RefId="1"><TNRef RefId="0"/><Props><S N="a"/></Props></Obj>'
        )
    )
    assert first.properties == {"name": "p", "server": "s"}
    assert first.repeated == ()  # a member that was added with a property's name hides nothing
    assert first.types == second.types == ("AB", "C")


def test_a_list_of_objects_exported_as_one() -> None:
    inside = '<Obj RefId="0"><LST><Obj><TN><T>A</T></TN><Props><S N="Name">a</S></Props></Obj><Nil/></LST></Obj>'
    found = one(clixml(inside))
    assert (found.properties, found.types) == ({"name": "a"}, ("A",))


def test_what_is_never_read() -> None:
    blob = "not base64!" + "A" * (2 << 20)
    found = one(
        clixml(
            f'<Obj><Props><BA N="SerializationData">{blob}</BA><SS N="Secret">0100</SS>'
            f'<S N="Name">a</S></Props><MS><Obj N="SerializationData"><BA>{blob}</BA></Obj></MS></Obj>'
        )
    )
    assert found.properties == {"name": "a"}


def test_xml_may_say_that_it_is_in_any_encoding() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>\n' + text_of("onprem-sendconnector.clixml")
    for encode in ENCODINGS.values():
        assert read(encode(text), "file").objects[0].properties["fqdn"] == "mail.contoso.com"


# ---- CSV ----


@pytest.mark.parametrize("divider", [",", ";", "\t"])
def test_csv_by_any_divider(divider: str) -> None:
    rows = ('"Name"', '"TlsDomain"', '"Enabled"'), ('"a, ""b"";\tc\nd"', '""', '"True"'), ("e", "", "False")
    text = "".join(divider.join(row) + "\r\n" for row in rows)
    for start in ("", "#TYPE A.B[[C, D]]\r\n", f"sep={divider}\r\n"):
        first, second = objects(start + text)
        assert first.properties == {"name": 'a, "b";\tc\nd', "tlsdomain": None, "enabled": "True"}
        assert second.properties == {"name": "e", "tlsdomain": None, "enabled": "False"}
        assert first.types == (("A.B[[C, D]]",) if "TYPE" in start else ())
        assert (first.line, second.line) == ((2, 4) if not start else (3, 5))


def test_csv_of_several_commands_in_one_file() -> None:
    first, second = objects('#TYPE A\n"Name"\n"a"\n\n#TYPE B\n"Name","X"\n"b","System.String[]"\n"Name","X"\n')
    assert (first.types, second.types, second.properties) == (("A",), ("B",), {"name": "b", "x": Gap.LOST})


def test_the_limit_of_a_cell_is_the_librarys_own_and_stays_so() -> None:
    before = library_csv.field_size_limit()
    wrong('"Name","X"\n"a","' + "x" * 200_000 + '"\n', "line 2: one cell has more text", "less at a time")
    assert library_csv.field_size_limit() == before


# ---- files that were put one after another ----


def test_every_file_may_have_brought_its_mark() -> None:
    marked = '\ufeff{"Name": "a"}\r\n'
    assert [found.properties["name"] for found in objects("\ufeff" + marked * 2)] == ["a", "a"]
    assert [found.properties for found in objects("\ufeffName : a\n\n\ufeffName : b\n")] == [
        {"name": "a"},
        {"name": "b"},
    ]
    wide = codecs.BOM_UTF16_LE + marked.encode("utf-16-le")
    assert len(read(wide * 2, "file").objects) == 2


# ---- what is wrong, and where ----

WRONG: dict[str, tuple[bytes | str, str, str]] = {
    "empty": (b"", "nothing is in it", "any output"),
    "blank": (codecs.BOM_UTF16_LE + "\r\n \r\n".encode("utf-16-le"), "nothing is in it", "any output"),
    "null": ("null\r\n", "nothing is in it", "any output"),
    "no objects": ("[\r\n\r\n]\r\n", "nothing is in it", "any output"),
    "prose": ("Hello.\nThis is no export.\n", "no export: neither", "ConvertTo-Json"),
    "random": (bytes(range(256)) * 9, "no export: neither", "ConvertTo-Json"),
    "zip": (b"PK\x03\x04\x14\0", "looks like a ZIP archive or an Excel workbook", "CSV"),
    "gzip": (b"\x1f\x8b\x08", "gzip", "unpack"),
    "der": (b"0\x82\x03\xf4", "certificate in DER", "private keys"),
    "log": ((EXCHANGE / "logs" / "new-RECV2026112109-1.LOG").read_bytes(), "looks like a protocol log", "probe logs"),
    "old log": ((EXCHANGE / "logs" / "old-SEND20141223-1.LOG").read_bytes(), "looks like a protocol log", "probe logs"),
    "pem": ((EXCHANGE / "old.pem").read_bytes(), "looks like a PEM certificate", "export objects"),
    "html": ("<!DOCTYPE html>\n<html><body>Name : x</body></html>", "an HTML page", "export objects"),
    "table": ("\nName     TlsDomain\n----     ---------\na        b\n", "Format-Table", "Format-List"),
    "custom": ("\nclass SmtpSendConnectorConfig\n{\n  Name = x\n}\n", "Format-Custom", "Format-List"),
    "bounce": ("Reporting-MTA: dns;ex01.contoso.com\n", "looks like a bounce", "probe explain"),
    "event": ("<Event xmlns='x'><System/></Event>", "line 1: its root is `Event`", "probe explain"),
    "xml": ("<root/>", "XML, but no Export-Clixml", "Export-Clixml"),
    "unknown command": ("The term 'Get-X' is not recognized as the name", "command is not known", "Shell"),
    "json within": ('PS C:\\> x | ConvertTo-Json\n{\n    "Name":  "a"\n}\n', "JSON with other text before", "alone"),
    "formatted json": ('[{"ClassId2e4f51ef21dd47e99d3c952918aff9cd": "x"}]', "line 1: .*Format-List", "leave"),
    "formatted csv": ('"ClassId2e4f51ef21dd47e99d3c952918aff9cd","a"\n"x",""\n', "line 2: .*Format-List", "leave"),
    "json cut": ('{\n  "Name": "a",\n', r"line 3: column 1: the text ends where a property's name should", "again"),
    "json value": ('{"Name":\n  }', "line 2: column 3: `}` stands where the value of `Name` should", "again"),
    "json comma": (
        '{"A": 1\n "B": 2}',
        "line 2: column 2: a comma or a closing brace behind the value of `A`",
        "again",
    ),
    "json quote": ('{"A": "b\n"}', "line 1: column 7: a text has no closing quote", "again"),
    "json escape": ('{"A": "\\x"}', "line 1: column 7: a text has a backslash", "again"),
    "json number": ('{"A": 1e999}', "the value of `A` is a number beyond all bounds", "again"),
    "json digits": ('{"A": ' + "1" * 5000 + "}", "beyond all bounds", "again"),
    "json nan": ('{"A": NaN}', "column 7: the value of `A` should stand here", "again"),
    "json name": ("{A: 1}", "column 2: a property's name should stand here", "again"),
    "json texts": ('["Outbound to Office 365"]', "has `Outbound to Office 365` where an object should stand", "Depth"),
    "json shallow": (
        '{"collected": null,\n"certs": ["@{Thumbprint=A}"]}',
        "line 2: `certs` has `@{Thumbprint=A}` where an object should stand",
        "Depth",
    ),
    "json collected": ('{"collected":\n"yesterday", "send": []}', "line 1: `collected` is no time", "again"),
    "json no year": ('{"collected": "0001-01-01T00:00:00+14:00", "send": []}', "`collected` is no time", "again"),
    "json deep": ('{"A":' * 70, "more than 64 deep", "again"),
    "json bomb": ("[" * 1_000_000, "more than 64 deep", "again"),
    "json members": (json.dumps({f"n{i}": i for i in range(2001)}), "more than 2000 properties", "less"),
    "json objects": ("[" + "{}," * 20_001 + "{}]", "more than 20000 objects", "less"),
    "json values": ('{"A":[' + "1," * 1_000_001 + "1]}", "more than 1000000 values", "less"),
    "json long": ('{"A": "' + "x" * ((1 << 20) + 1) + '"}', "line 1: the value of `A` has more than 1 MiB", "less"),
    "controls": ('{"\x1b[31mA": 1}', "line 1", "again"),
    "shown safely": ('{"\\u001b[31m\\u202eA": x}', r"value of `\\x1b\[31m\\u202eA`", "again"),
    "fl long": (
        "Name : a\nX    : b\n" + ("       " + "c" * 99 + "\n") * 11_000,
        "line [0-9]+: the value of `X`",
        "less",
    ),
    "fl properties": (
        "".join(f"n{i} : a\n" for i in range(2001)),
        "line 2001: an object has more than 2000 properties",
        "less",
    ),
    "fl objects": ("Name : a\n\n" * 20_001, "more than 20000 objects", "less"),
    "fl lines": ("Name : a\n" + "\n\n\nx" * 1_000_000, "more than 2000000 lines", "less"),
    "fl values": (("Name : a\nX : {" + "b, " * 300_000 + "}\n\n") * 4, "line 11: .* 1000000 values", "less"),
    "csv values": (",".join(f"a{i}" for i in range(1000)) + ("\nb" + "," * 999) * 1001, "1000000 values", "less"),
    "csv cells": ('"A","B"\n' + "a," * 3_000_000, "line 2: a row has more than 4 MiB", "less"),
    "csv long row": ('"A","B"\n' + '"\n",' * 2_000_000, "a row has more than 4 MiB", "less"),
    "csv lines": ('"A","B"\n' + ",\n" * 2_000_001, "more than 2000000 lines", "less"),
    "csv row": ('"A","B"\n"1","2"\n"3"\n', "line 3: the row has 1 cells, but 2 are named: `3`", "again"),
    "csv quote": ('"A","B"\n"1","2\n', "line 2: the row cannot be read", "saved by another"),
    "csv header": ('#TYPE x\n"A",,"B"\n', "line 2: column 2 has no name", "again"),
    "csv objects": ('"A","B"\n' + "1,2\n" * 20_001, "line 20002: the file has more than 20000 objects", "less"),
    "xml cut": (clixml("")[:-3], "line 2: column [0-9]+: the XML cannot be read", "again"),
    "xml twice": (clixml("") * 2, "line 2: .*junk after document element", "file of its own"),
    "xml attribute": (f'<Objs a="{"x" * (4 << 20)}"/>', "line 1: a tag or a comment has more than 1 MiB", "less"),
    "xml attributes": ("<Objs " + " ".join(f'a{i}="1"' for i in range(400_000)) + "/>", "a tag or a comment", "less"),
    "xml comment": (f"<!--{'x' * (4 << 20)}", "line 1: a tag or a comment has more than 1 MiB", "less"),
    "xml nul": (clixml("<S>\0</S>"), "line 2: .*cannot be read", "again"),
    "xml bool": (clixml('\n<Obj><Props>\n<B N="X">yes</B></Props></Obj>'), "line 4: .*`X` is no B: `yes`", "again"),
    "xml int": (clixml('<Obj><Props><I32 N="X">１</I32></Props></Obj>'), r"`X` is no I32: `\\uff11`", "again"),
    "xml base64": (clixml('<Obj><Props><BA N="RawData">A</BA></Props></Obj>'), "line 2: .*`RawData` is no BA", "again"),
    "xml date": (clixml('<Obj><Props><DT N="X">soon</DT></Props></Obj>'), "`X` is no DT: `soon`", "again"),
    "xml first day": (clixml('<DT N="X">0001-01-01T00:00:00+14:00</DT>'), "is no DT", "again"),
    "xml reference": (clixml('<Obj><Props><Ref N="X" RefId="9"/></Props></Obj>'), "a reference to `9`", "again"),
    "xml deep": (clixml("<Obj><LST>" * 200), "line 2: objects stand within objects more than 64 deep", "again"),
    "xml unread": (clixml("<SS>" * 500_000), "more than 64 deep", "again"),
    "xml values": (clixml("<Obj><LST>" + "<Nil/>" * 1_000_001), "more than 1000000 values", "less"),
    "xml elements": (clixml("<Obj><TN>" + "<T/>" * 2_000_001), "more than 2000000 elements", "less"),
    "xml objects": (clixml('<Obj><Props><Nil N="X"/></Props></Obj>' * 20_001), "more than 20000 objects", "less"),
    "xml long": (clixml(f'<Obj><Props><S N="X">{"x" * (2 << 20)}'), "the value of `X` has more than 1 MiB", "less"),
    "billion laughs": (
        '<!DOCTYPE lolz [<!ENTITY a "lol">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        + "]><Objs>&i;</Objs>",
        "its own document type or entities",
        "again",
    ),
    "quadratic": (
        f'<!DOCTYPE x [<!ENTITY a "{"x" * 100_000}">]><Objs>{"&a;" * 100_000}</Objs>',
        "document type",
        "again",
    ),
    "outside": ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><Objs/>', "document type", "again"),
    "entity": ("<Objs><S>&a;</S></Objs>", "undefined entity", "again"),
    "too large": (b"{" * ((64 << 20) + 1), "more than 64 MiB", "less at a time"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_line(case: str) -> None:
    wrong(*WRONG[case])


def test_few_references_cannot_stand_for_millions_of_values() -> None:
    """Each list has the one before twice: 40 lines for 2 to the power of 40 values."""
    lists = ['<Obj N="L0" RefId="0"><LST><Nil/><Nil/></LST></Obj>']
    lists += [
        f'<Obj N="L{i}" RefId="{i}"><LST><Ref RefId="{i - 1}"/><Ref RefId="{i - 1}"/></LST></Obj>' for i in range(1, 41)
    ]
    wrong(clixml(f"<Obj><Props>{''.join(lists)}</Props></Obj>"), "more than 1000000 values", "less")


def test_references_cannot_go_deeper_than_objects_may() -> None:
    lists = ['<Obj N="L0" RefId="0"><LST/></Obj>']
    lists += [f'<Obj N="L{i}" RefId="{i}"><LST><Ref RefId="{i - 1}"/></LST></Obj>' for i in range(1, 500)]
    wrong(clixml(f"<Obj><Props>{''.join(lists)}</Props></Obj>"), "more than 64 deep", "again")


# ---- whatever the bytes ----


def survives(data: bytes) -> None:
    started = time.monotonic()
    found: tuple[Raw, ...] = ()
    said, hint = "file", "none"
    try:
        found = read(data, "file").objects
    except ExportError as error:
        said, hint = str(error), error.hint
    assert said.startswith("file")
    assert said.isprintable()
    assert hint
    for raw in found:
        assert raw.properties.keys() == raw.spelt.keys() == raw.lines.keys()
        repr(raw).encode()  # no lone surrogates
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", FORMS)
def test_any_byte_may_be_another(name: str) -> None:
    data = sample(name)
    bytes_ = (0x00, 0x0A, 0x22, 0xFF, 0x3C, 0x3A)
    for place in range(len(data)):
        for byte in (bytes_[place % len(bytes_)], data[place] ^ 0x01):
            survives(data[:place] + bytes([byte]) + data[place + 1 :])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_any_end_may_be_missing(path: Path) -> None:
    data = path.read_bytes()
    for place in range(0, len(data), max(1, len(data) // 60)):
        survives(data[:place])
        survives(data[place:])


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_samples_cut_up_and_mixed_raise_only_what_is_said(data: st.DataObject) -> None:
    mixed = b""
    for path in data.draw(st.lists(st.sampled_from(SMALL), min_size=1, max_size=3)):
        whole = ENCODINGS[data.draw(st.sampled_from(sorted(ENCODINGS)))](path.read_text("utf-8-sig"))
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
        mixed += whole[start:end] + data.draw(st.binary(max_size=8))
    survives(mixed)


@given(st.text(st.sampled_from('Name :\n\r\t{}[]",;=<>ObjPrs/_x0041&#.…0123 é\ud800\x1b\0'), max_size=200))
@settings(max_examples=300, deadline=None)
def test_text_of_no_sense_raises_only_what_is_said(text: str) -> None:
    survives(text.encode("utf-8", "surrogatepass"))
    survives(clixml(f"<Obj><Props>{text}</Props></Obj>").encode("utf-8", "surrogatepass"))
    survives(f'{{"A": "{text}", "B": [{text}]}}'.encode("utf-8", "surrogatepass"))
    survives(f"Name      : {text}\nTlsDomain : {text}".encode("utf-8", "surrogatepass"))
    survives(f'#TYPE x\n"A","B"\n{text}'.encode("utf-8", "surrogatepass"))
