"""A connector's properties as an administrator knows them, by Exchange's names, a few to a line.

What has no value is not passed over: a null is `empty`, and what the export does not say, or has lost, is named last.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from probe.exchange.spelling import spelt
from probe.model import (
    Gap,
    HybridConfiguration,
    InboundConnector,
    Many,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
)
from probe.report.escape import visible
from probe.report.layout import COLUMN, Line, row

Connector = InboundConnector | OutboundConnector | SendConnector | ReceiveConnector | HybridConfiguration
Row = tuple[str, tuple[str, ...]]  # a label, and the names of properties in our spelling

ITEMS = 6  # of a list; with -v all up to the limit of one field
MORE = "more"  # the label of what is shown with -v alone

_ROWS: dict[type[Connector], tuple[Row, ...]] = {
    InboundConnector: (
        ("is", ("enabled", "connector_type", "connector_source")),
        ("TLS", ("require_tls", "tls_sender_certificate_name", "restrict_domains_to_certificate")),
        ("from", ("sender_domains", "sender_ip_addresses")),
        ("hybrid", ("cloud_services_mail_enabled",)),
        (
            MORE,
            (
                "restrict_domains_to_ip_addresses",
                "treat_messages_as_internal",
                "associated_accepted_domains",
                "changed",
            ),
        ),
    ),
    OutboundConnector: (
        ("is", ("enabled", "connector_type", "connector_source")),
        ("TLS", ("tls_settings", "tls_domain")),
        ("to", ("use_mx_record", "smart_hosts")),
        ("for", ("recipient_domains", "all_accepted_domains", "route_all_messages_via_on_premises")),
        ("promises", ("smtp_dane_mode", "mta_sts_mode")),
        ("hybrid", ("cloud_services_mail_enabled",)),
        (MORE, ("is_transport_rule_scoped", "test_mode", "is_validated", "changed")),
    ),
    SendConnector: (
        ("is", ("enabled", "connector_type")),
        ("TLS", ("require_tls", "tls_auth_level", "tls_domain", "ignore_starttls")),
        ("shows", ("tls_certificate_name", "fqdn")),
        ("to", ("address_spaces", "dns_routing_enabled", "smart_hosts")),
        ("on", ("source_transport_servers", "frontend_proxy_enabled")),
        ("hybrid", ("cloud_services_mail_enabled",)),
        (MORE, ("domain_secure_enabled", "protocol_logging_level", "changed")),
    ),
    ReceiveConnector: (
        ("is", ("enabled", "transport_role")),
        ("at", ("bindings", "remote_ip_ranges")),
        ("TLS", ("auth_mechanism", "require_tls")),
        ("shows", ("tls_certificate_name", "fqdn")),
        ("grants", ("tls_domain_capabilities", "permission_groups")),
        (MORE, ("domain_secure_enabled", "suppress_x_anonymous_tls", "protocol_logging_level", "changed")),
    ),
    HybridConfiguration: (
        ("TLS", ("tls_certificate_name",)),
        ("to", ("on_premises_smart_host",)),
        ("for", ("domains",)),
        ("on", ("receiving_transport_servers", "sending_transport_servers", "edge_transport_servers")),
        (MORE, ("features",)),
    ),
}


def properties(thing: Connector, *, verbosity: int, width: int) -> Iterator[Line]:
    """What is known of it, a row for each matter; then what is not."""
    asked: list[str] = []
    for label, names in _ROWS[type(thing)]:
        if label == MORE and verbosity < 1:
            continue
        asked += (name for name in names if name != "changed")  # of which nothing depends
        values = ((name, getattr(thing, name)) for name in names)
        told = [
            f"{spelt(thing, name)} {said(value, verbosity)}" for name, value in values if not isinstance(value, Gap)
        ]
        yield from _row(label, told, width)
    yield from _gaps(thing, asked, width)


def _row(label: str, told: Sequence[str], width: int) -> Iterator[Line]:
    """Properties beside one another where they fit, else under one another: a name is not torn from its value."""
    together = "; ".join(told)
    for text in [together] if told and len(together) <= width - COLUMN else told:
        yield from row(label, text, width=width)
        label = ""


def _gaps(thing: Connector, names: Sequence[str], width: int) -> Iterator[Line]:
    for gap, label, style in ((Gap.LOST, "lost", "bad"), (Gap.ABSENT, "?", "dim")):
        missing = [spelt(thing, name) for name in names if getattr(thing, name) is gap]
        if missing:
            what = "in the export" if gap is Gap.LOST else "not in the export"
            yield from row(label, f"{what}: {', '.join(missing)}", width=width, style=style)


def said(value: object, verbosity: int = 0) -> str:
    """A value as Exchange's shell would print it, on one line; `?` and `lost` where it is not known."""
    match value:
        case Gap.ABSENT:
            return "?"
        case Gap.LOST:
            return "lost"
        case None:
            return "empty"
        case Many():
            return listed(value.items, most=len(value.items) if verbosity > 0 else ITEMS, cut=value.cut)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case _:
            return visible(str(value))


def listed(texts: Sequence[str], most: int = ITEMS, *, cut: bool = False) -> str:
    """ "a, b and 3 more"; `cut`: of which the export has the beginning only."""
    if not texts:
        return "nothing but what was cut off" if cut else "none"
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(map(visible, texts[:most])) + more + (", … (cut off)" if cut else "")
