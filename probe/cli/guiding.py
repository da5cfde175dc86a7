"""`probe listen --guide`: nothing is listened to."""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from probe.cli.terminal import write
from probe.report.guide import SMTP_PORT, guide

if TYPE_CHECKING:
    from probe.model import Organisation


def show(
    organisation: "Organisation | None", place: tuple[str | None, int] | None, host: str | None, *, colour: bool
) -> int:
    """Print the guide for a listener at that place (None: port 25) and of that name."""
    address, port = place or (None, 0)
    reached = address if address and not ip_address(address).is_unspecified else None
    write(guide(organisation, datetime.now(UTC), host=host or reached, port=port or SMTP_PORT), colour=colour)
    return 0
