"""Tells someone. One module a kind of sink, one row each in `SINKS`.

What waits to be told is in the store's outbox; `run` brings the two together.
"""

from collections.abc import Mapping

from probe.alert.alertmanager import Alertmanager
from probe.alert.command import Command
from probe.alert.healthchecks import Healthchecks
from probe.alert.mail import Email
from probe.alert.notify import Apprise
from probe.alert.pagerduty import PagerDuty
from probe.alert.sink import Sink
from probe.alert.slack import Slack
from probe.alert.teams import Teams
from probe.alert.webhook import Webhook

SINKS: Mapping[str, type[Sink]] = {
    "webhook": Webhook,
    "alertmanager": Alertmanager,
    "pagerduty": PagerDuty,
    "slack": Slack,
    "teams": Teams,
    "email": Email,
    "apprise": Apprise,
    "command": Command,
    "healthchecks": Healthchecks,
}
