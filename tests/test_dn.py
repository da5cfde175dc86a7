"""Distinguished names: Windows' text there and back, and the texts of others."""

from contextlib import suppress
from time import monotonic

import pytest
from cryptography import x509
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from probe import config
from probe.errors import UsageError
from probe.judge import dn

KINDS = ("CN", "O", "OU", "L", "S", "C", "STREET", "E", "DC", "T", "G", "I", "SN", "SERIALNUMBER", "PostalCode")
OIDS = st.lists(st.integers(0, 99999), min_size=1, max_size=6).map(lambda tail: "OID.2.999." + ".".join(map(str, tail)))
VALUES = st.text(st.characters(codec="utf-8") | st.sampled_from('"" ,+=;<>#\\\n\r\t'), max_size=20)
RDNS = st.lists(st.tuples(st.sampled_from(KINDS) | OIDS, VALUES), min_size=1, max_size=3).map(tuple)
NAMES = st.lists(RDNS, min_size=1, max_size=5).map(tuple)

CONTOSO = (
    (("CN", "mail.contoso.com"),),
    (("O", "Contoso Ltd"),),
    (("L", "Reading"),),
    (("S", "Berkshire"),),
    (("C", "GB"),),
)


def ambiguous(name: dn.Name) -> bool:
    """A backslash outside quotes is a letter to Windows. Where RFC 4514 would see an escape, so do we."""
    return any("\\" in value for rdn in name for _, value in rdn)


@settings(deadline=None)
@given(NAMES)
def test_what_windows_prints_reads_back(name: dn.Name) -> None:
    assume(not ambiguous(name))
    assert dn.parse(dn.text(name)) == name


@pytest.mark.parametrize("value", ["CORP\\user", "CORP\\ad", "a\\b\\c", 'C:\\"x"', "a,\\", 'a\\"', 'a\\",'])
def test_a_backslash_is_a_letter_to_windows(value: str) -> None:
    name = ((("CN", value),), (("O", "x"),))
    assert dn.parse(dn.text(name)) == name


@settings(deadline=None)
@given(NAMES)
def test_a_name_agrees_with_itself_however_it_is_turned(name: dn.Name) -> None:
    assert dn.differing(name, name) == ()
    assert dn.differing(name, name[::-1]) == ()
    # A letter and its upper case, and back again, are not always the same letter.
    loud = tuple(tuple((kind, value.casefold()) for kind, value in rdn) for rdn in name)
    assert dn.differing(loud, name) == ()


@settings(deadline=None)
@given(st.text(max_size=60) | st.text(st.sampled_from('CNO=,;+"\\ <>IS#'), max_size=40))
def test_parsing_raises_nothing_of_its_own(text: str) -> None:
    for parse in (dn.parse, dn.parse_identity):
        with suppress(ValueError):
            parse(text)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("Contoso Ltd", "Contoso Ltd"),
        ("Fabrikam Trust Services, Inc.", '"Fabrikam Trust Services, Inc."'),
        ('The "Good" CA', '"The ""Good"" CA"'),
        ("a+b", '"a+b"'),
        ("a=b", '"a=b"'),
        ("a<b>", '"a<b>"'),
        ("#1", '"#1"'),
        ("a;b", '"a;b"'),
        ("a\nb", '"a\nb"'),
        (" a", '" a"'),
        ("a ", '"a "'),
        ("", '""'),
        ("a'b", "a'b"),
    ],
)
def test_quoting(value: str, printed: str) -> None:
    assert dn.text(((("O", value),),)) == f"O={printed}"


def test_windows_order_and_types() -> None:
    name = x509.Name.from_rfc4514_string("CN=mail.contoso.com,O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB")
    assert dn.from_x509(name) == CONTOSO
    assert dn.text(CONTOSO) == "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"


def test_several_attributes_in_one_rdn_and_types_without_a_name() -> None:
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.311.60.2.1.3")
    name = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(oid, "GB")]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(x509.NameOID.COMMON_NAME, "a"),
                    x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "b@c.org"),
                ]
            ),
        ]
    )
    assert dn.text(dn.from_x509(name)) == "CN=a + E=b@c.org, OID.1.3.6.1.4.1.311.60.2.1.3=GB"


@pytest.mark.parametrize(
    "text",
    [
        "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB",
        "CN=mail.contoso.com,O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB",  # RFC 4514
        "C = GB, ST = Berkshire, L = Reading, O = Contoso Ltd, CN = mail.contoso.com",  # OpenSSL
        'cn="mail.contoso.com"; o="Contoso  Ltd"; l=READING; st=berkshire; c=gb',
        "2.5.4.3=mail.contoso.com, oid.2.5.4.10=Contoso Ltd, L=Reading, S=Berkshire, C=GB",
        "CN=mail\\2Econtoso.com, O=Contoso\\ Ltd, L=Re\\61ding, S=Berkshire, C=GB",
        "  CN=mail.contoso.com ,  O=Contoso Ltd , L=Reading , S=Berkshire , C=GB  ",
    ],
)
def test_the_same_name_in_other_words(text: str) -> None:
    assert dn.differing(dn.parse(text), CONTOSO) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("O=J\\C3\\BCrgen", "Jürgen"),
        ("O=a\\,b", "a,b"),
        ('O="a,b"', "a,b"),
        ('O = "Say \\"x\\", Inc."', 'Say "x", Inc.'),  # OpenSSL
        ('O = "OOO \\"x\\""', 'OOO "x"'),
        ('O="Say ""x"", Inc."', 'Say "x", Inc.'),  # Windows
        ("O=a\\\\b", "a\\b"),
        ("O=\\ a\\ ", " a "),
    ],
)
def test_escapes_and_quotes_of_others(text: str, value: str) -> None:
    assert dn.parse(text) == ((("O", value),),)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("UID=x", "OID.0.9.2342.19200300.100.1.1=x"),
        ("jurisdictionC=GB", "OID.1.3.6.1.4.1.311.60.2.1.3=GB"),
        ("businessCategory=Private Organization", "OID.2.5.4.15=Private Organization"),
        ("emailAddress=a@b.org", "E=a@b.org"),
        ("GN=Jo", "G=Jo"),
        ("1.2.3.4=x", "OID.1.2.3.4=x"),
    ],
)
def test_types_have_several_names(theirs: str, ours: str) -> None:
    assert dn.differing(dn.parse(theirs), dn.parse(ours)) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "CN=mail.contoso.com, O=Contoso, L=Reading, S=Berkshire, C=GB",
            ("O: expected `Contoso`, found `Contoso Ltd`",),
        ),
        ("CN=mail.contoso.com, L=Reading, S=Berkshire, C=GB", ("O: expected none, found `Contoso Ltd`",)),
        (
            "CN=mail.contoso.com, OU=IT, O=Contoso Ltd, L=Reading, ST=Kent, C=GB",
            ("OU: expected `IT`, found none", "S: expected `Kent`, found `Berkshire`"),
        ),
        (
            "CN=mail.contoso.com, L=Reading, O=Contoso Ltd, S=Berkshire, C=GB",
            ("the same parts, in another order",),
        ),
    ],
)
def test_what_differs_is_said(text: str, expected: tuple[str, ...]) -> None:
    assert dn.differing(dn.parse(text), CONTOSO) == expected


def test_a_part_that_is_there_twice_is_not_there_once() -> None:
    twice, once = dn.parse("CN=x, OU=a, OU=a"), dn.parse("CN=x, OU=a")
    assert dn.differing(twice, once)
    assert dn.differing(once, twice)


@pytest.mark.parametrize("given", ["<S>CN=*.contoso.com", "<S>CN=EX01", "<S>O=x, CN=mail.contoso.com", "<S>cn=a.org"])
def test_a_subject_has_a_cn_that_is_a_domain(given: str) -> None:
    assert dn.parse_identity(given).subject


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\u3000"])
def test_long_runs_of_blanks_take_no_time(blank: str) -> None:
    text = f"O=a{blank * 30_000}b"
    begin = monotonic()
    assert dn.differing(dn.parse(text), dn.parse("O=a b")) == ()
    assert monotonic() - begin < 1


def test_many_differences_are_counted_and_cost_no_more_than_few() -> None:
    one = tuple((("OU", f"a{number}"),) for number in range(20_000))
    other = tuple((("OU", f"b{number}"),) for number in range(20_000))
    told = dn.differing(one, other)
    assert len(told) == dn.MOST_DIFFERENCES + 1
    assert told[0] == "OU: expected `a0`, found `b0`"
    assert told[-1] == f"and {20_000 - dn.MOST_DIFFERENCES} more"


def test_names_of_other_order_have_the_same_parts() -> None:
    name = dn.parse("CN=x, O=Contoso Ltd, ST=Kent")
    assert dn.same_parts(name) == dn.same_parts(dn.parse("S=kent, CN=X, O=Contoso  Ltd"))
    assert dn.same_parts(name) != dn.same_parts(dn.parse("CN=x, O=Contoso Ltd, ST=Kent, C=GB"))
    assert dn.same_parts(dn.parse("OU=a, OU=a")) != dn.same_parts(dn.parse("OU=a"))


def test_typographic_marks_within_values_are_no_difference() -> None:
    assert dn.differing(dn.parse("CN=x, O=L’Oréal"), dn.parse("CN=x, O=L'Oréal")) == ()


NO_NAMES = (
    *("", ",", "CN", "=x", "CN=x,", "CN=x+", '"CN=x"', 'CN="x', "/C=GB/CN=x", "C N=x"),
    *("OID.=x", "CN=x, oid.=", ".=x", "1..2=x", "OID.1.3.6.=x"),
)


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"TYPE=value|no partner"):
        dn.parse(text)


ISSUER = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'


@pytest.mark.parametrize(
    "given",
    [
        f"<I>{ISSUER}<S>CN=mail.contoso.com, C=GB",
        f"<i>{ISSUER}<s>CN=mail.contoso.com, C=GB",
        f"'<I>{ISSUER}<S>CN=mail.contoso.com, C=GB'",
        f"  <I>{ISSUER}<S>CN=mail.contoso.com, C=GB\n",
        f"<I>{ISSUER}<S>CN=mail.contoso.com, C=GB".replace('"', "“", 1).replace('"', "”"),  # from a web page
        f"‘<I>{ISSUER}<S>CN=mail.contoso.com, C=GB’",
    ],
)
def test_issuer_and_subject(given: str) -> None:
    found = dn.parse_identity(given)
    assert found.given == given
    assert found.issuer == dn.parse(ISSUER)
    assert found.subject == dn.parse("CN=mail.contoso.com, C=GB")


def test_the_issuer_may_be_left_out() -> None:
    found = dn.parse_identity("<S>CN=mail.contoso.com")
    assert (found.issuer, found.subject) == (None, ((("CN", "mail.contoso.com"),),))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "not of the form"),
        ("CN=mail.contoso.com", "not of the form"),
        ("<I>CN=a", "not of the form"),
        ("<I><S>CN=a", "not of the form"),
        ("<S>", "not of the form"),
        ("<S>, OU=Domain Control Validated", "its CN was lost"),
        ("<S>mail.contoso.com", "TYPE=value"),
        ("<S>O=Contoso Ltd", "no CN that is a domain"),
        ("<S>CN=Contoso Mail, O=Contoso Ltd", "no CN that is a domain"),
        ("<S>CN=a.*.org", "no CN that is a domain"),
        ("<S>CN=mail.contoso.com, O=Contoso Ltd, L", "in the middle of a name"),
        ("52B4AA6DEFE3B5CB25122B92519B89BE3082BBA", "39 hexadecimal digits"),
        ("52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1", "not of the form"),
        ("<S>" + "CN=a," * 10_000 + "CN=b", "no name is that long"),
        ("&lt;I&gt;CN=a&lt;S&gt;CN=b", "HTML"),
        ('<S>CN="a', "without a partner"),
    ],
)
def test_what_is_no_issuer_and_subject(given: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        dn.parse_identity(given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<I>CN=a, O=“Fabrikam, Inc.”<S>CN=b", "typographic quotes"),
        ("‘<S>CN=b’", "typographic quotes"),
        ("<S>CN=mail–eu.contoso.com", "typographic dash"),
        ("&lt;I&gt;CN=a&lt;S&gt;CN=b", "HTML"),
        ("<S>CN=a, O=&quot;x&quot;", "HTML"),
        ("<S>, OU=Domain Control Validated", "its CN was lost"),
        (", OU=Domain Control Validated", "its CN was lost"),
        ("<S>CN=, OU=x", "its CN was lost"),
        ("<I>CN=<S>CN=a", "its CN was lost"),
        ("<S>CN=###.com", "blacked out"),
        ("<S>CN=mail.contoso.com\u200e", "invisible marks"),
        (f"<S>CN=mail.contoso.com, O={'x' * 300}", "326 characters"),
        ('<S>CN=mail.contoso.com, O="Contoso', "without a partner"),
        ("<S>CN=mail.contoso.com, O=Contoso Ltd,", "in the middle"),
        ("<S>CN=mail.contoso.com, O=", "in the middle"),
        ("<S>CN=mail.contoso.com, O=Contoso Ltd, L", "in the middle"),
        ('<S>CN=mail.contoso.com, O="Contoso, Ltd", L', "in the middle"),
        ("<S>CN=mail.contoso.com, O=Contoso...", "left out"),
        ("<S>CN=mail.contoso.com, O=Contoso…", "left out"),
        ("52B4AA6DEFE3B5CB25122B92519B89BE3082BBA12", "41 hexadecimal digits"),
        ("52 b4 aa", "6 hexadecimal digits"),
        ("a5" * 32, "SHA-256"),
    ],
)
def test_traps_are_told(text: str, said: str) -> None:
    assert said in (dn.trap(text) or "")


@pytest.mark.parametrize(
    "text",
    [
        f"<I>{ISSUER}<S>CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB",
        "<S>CN=mail.contoso.com",
        '<S>CN=a.org, O="Contoso, Ltd"',
        "<S>CN=a.org, O=Contoso\\, Ltd",
        "<S>CN=a.org, O=L'Oréal",
        "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1",
        "\u200e52 b4 aa 6d ef e3 b5 cb 25 12 2b 92 51 9b 89 be 30 82 bb a1",
        "",
    ],
)
def test_what_is_in_order_is_no_trap(text: str) -> None:
    assert dn.trap(text) is None


@settings(deadline=None)
@given(NAMES)
def test_cutting_a_name_anywhere_breaks_nothing(name: dn.Name) -> None:
    text = dn.text(name)
    for end in range(len(text)):
        with suppress(ValueError):
            dn.parse(text[:end])
        dn.trap(text[:end])


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("<S>CN=mail.contoso.com, O=“Contoso", "typographic quotes", "as Exchange prints it"),
        ("&lt;S&gt;CN=mail.contoso.com", "HTML", "as Exchange prints it"),
        ("52 B4 AA 6D EF E3 B5 CB 25 12 2B 92 51 9B 89 BE 30 82 BB A1", "not of the form", "--expect-thumbprint"),
        ("52B4AA", "6 hexadecimal digits", "--expect-thumbprint"),
    ],
)
def test_the_option_says_which_trap_it_was(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError, match="--expect-certificate cannot be read") as raised:
        config.identity(text)
    assert said in str(raised.value)
    assert hint in (raised.value.hint or "")
