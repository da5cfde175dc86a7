"""Every value of the model there and back, and what is no evidence."""

import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.scenes import scenes
from probe import model
from probe.codec import decode_evidence, encode
from probe.errors import EvidenceError
from probe.model import Evidence, Report

# JSON knows no lone surrogates: what a peer says is latin-1 or decoded with replacement.
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(codec="utf-8"), max_size=12),
    bytes: st.binary(max_size=12),
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - see there
}


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the model, with one or two of what there may be many of."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, inner))
    if origin is Mapping:
        return st.dictionaries(*map(values, inner), max_size=2)
    if origin is not None:
        return st.one_of(*map(values, inner))
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    hints = get_type_hints(kind)
    if kind is Evidence:  # reading another format is a test of its own
        return st.builds(kind, **{name: values(hint) for name, hint in hints.items() if name != "format"})
    return st.builds(kind, **{name: values(hint) for name, hint in hints.items()})


KINDS = [
    kind
    for _, kind in inspect.getmembers(model, inspect.isclass)
    if kind.__module__.startswith(model.__name__) and (is_dataclass(kind) or issubclass(kind, Enum))
    # What exports and logs say is never saved: it is read again.
    if kind.__module__ not in ("probe.model.exchange", "probe.model.organisation", "probe.model.logged")
]


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(data=st.data())
def test_there_and_back(kind: Any, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    line = encode(value)
    assert b"\n" not in line
    back = msgspec.json.decode(line, type=kind)
    assert back == value
    assert encode(back) == line
    if isinstance(value, Evidence):
        assert decode_evidence(line) == value


def test_the_whole_model_is_here() -> None:
    assert {Evidence, Report, model.Observation, model.Route, model.Finding} <= set(KINDS)
    assert len(KINDS) > 15


@pytest.mark.parametrize("name", scenes())
def test_evidence_there_and_back(name: str) -> None:
    evidence = scenes()[name]
    assert decode_evidence(encode(evidence)) == evidence
    assert decode_evidence(encode(evidence) + b"\r\n") == evidence


def test_bytes_travel_as_base64_and_times_in_utc() -> None:
    line = encode(scenes()["healthy"])
    assert b'"at":"2026-11-21T09:35:00Z"' in line
    assert b'"der":["MIID' in line
    assert b'"format":1' in line


HEALTHY = encode(scenes()["healthy"])
AT = b"2026-11-21T09:35:00Z"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"probe",
        b"\xff\xfe",
        HEALTHY[:-1],
        HEALTHY + HEALTHY,
        HEALTHY.replace(b'"format":1', b'"format":"1"'),
        HEALTHY.replace(b'"format":1', b'"format":1.5'),
        HEALTHY.replace(b'"format":1', b'"format":true'),
        HEALTHY.replace(b'"target":', b'"tarket":', 1),
        HEALTHY.replace(b'"port":25', b'"port":"25"', 1),
        HEALTHY.replace(b'"port":25', b'"port":' + b"9" * 5000, 1),
        HEALTHY.replace(b'"kind":"host"', b'"kind":"moon"'),
        HEALTHY.replace(b'"der":["MIID', b'"der":["M!ID', 1),
        HEALTHY.replace(AT, b"yesterday", 1),
        HEALTHY.replace(AT, b"2026-11-21T09:35:00", 1),  # of which zone?
        HEALTHY.replace(AT, b"2026-11-21T09:35:00"),
        HEALTHY.replace(AT, b"0001-01-01T00:00:00+05:00", 1),
        HEALTHY.replace(AT, b"9999-12-31T23:59:59-05:00"),
        b'{"format":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
    ],
)
def test_what_is_no_evidence(line: bytes) -> None:
    with pytest.raises(EvidenceError, match="not evidence of a probe") as raised:
        decode_evidence(line)
    assert raised.value.hint


@pytest.mark.parametrize("number", ["0", "2", "99", "-1"])
def test_evidence_of_another_format_is_told_apart(number: str) -> None:
    line = HEALTHY.replace(b'"format":1', f'"format":{number}'.encode()).replace(b'"observations"', b'"seen"')
    with pytest.raises(EvidenceError, match=f"evidence of format {number}, this version reads format 1"):
        decode_evidence(line)


def test_fields_that_are_not_known_yet_are_no_obstacle() -> None:
    assert (
        decode_evidence(HEALTHY.replace(b'"format":1', b'"format":1,"policy":{"mode":"enforce"}'))
        == scenes()["healthy"]
    )


@settings(deadline=None)
@given(st.binary(max_size=100) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_decoding_raises_nothing_of_its_own(line: bytes) -> None:
    with pytest.raises(EvidenceError):
        decode_evidence(line)
