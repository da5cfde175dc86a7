"""What a peer says must not act on the terminal it is shown on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.report.escape import LIMIT, visible


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("mail.contoso.com", "mail.contoso.com"),
        ("", ""),
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("250 ok\r\n220 forged", r"250 ok\r\n220 forged"),
        ("a\x00b\x7fc\x9bd", r"a\x00b\x7fc\x9bd"),  # NUL, DEL, the C1 form of ESC [
        ("evil\u202emoc.osotnoc", r"evil\u202emoc.osotnoc"),
        ("con\u200btoso\ufeff\u2066", r"con\u200btoso\ufeff\u2066"),
        ("one\u2028two\u2029three\u0085", r"one\u2028two\u2029three\x85"),
        ("\ud800", r"\ud800"),
        ("no\u00a0break", r"no\xa0break"),
        ("Zürich Ärzte", "Zürich Ärzte"),
        ("Zürich".encode().decode("latin-1"), "Zürich"),  # wire text: one character a byte
        ("\u202e".encode().decode("latin-1"), r"\u202e"),  # decoded first, escaped then
        ("Z\xfcrich\xff", "Zürichÿ"),  # latin-1 and no UTF-8: as it stands
        ("日本語", "日本語"),
    ],
)
def test_what_cannot_be_seen_is_written_out(said: str, shown: str) -> None:
    assert visible(said) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * LIMIT) == "x" * LIMIT
    assert visible("x" * (LIMIT + 1)) == "x" * (LIMIT - 1) + "…"
    assert visible("\x00" * 10_000_000, 20) == r"\x00\x00\x00\x00\x0" + "…"


@given(st.text(st.characters()) | st.binary().map(lambda raw: raw.decode("latin-1")), st.integers(1, 400))
def test_whatever_is_said_comes_out_printable_and_short(said: str, limit: int) -> None:
    shown = visible(said, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
