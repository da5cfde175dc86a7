"""The commands. To make the parsers of all of them takes longer than many a probe: of a command line only the one that
it names is loaded and made, all of them for the help."""

from importlib import import_module
from typing import Any, NamedTuple

import typer

from probe.cli.front import front


class Command(NamedTuple):
    """Where its function is (of a group: its `app`), and what the list of commands says of it."""

    module: str
    name: str
    short: str | None = None


COMMANDS = {
    "check": Command("commands", "check", "Probe targets, and judge what they show."),
    "judge": Command("commands", "judge", "Judge saved evidence again, without the network."),
    "listen": Command("listening", "listen", "Stand where Exchange Online would, and judge who delivers."),
    "connectors": Command("exports", "connectors", "Say what exports of connectors and certificates show."),
    "rehearse": Command("rehearsing", "rehearse", "Say what the next certificate will break, and plan."),
    "logs": Command("logs", "logs", "Say what Exchange's protocol logs show."),
    "run": Command("onduty", "run", "Probe what the configuration names, once: for cron."),
    "watch": Command("onduty", "watch", "Probe what the configuration names, for years."),
    "status": Command("remembered", "status", "Say how all targets stand."),
    "history": Command("remembered", "history", "Say what changed at a target, and when."),
    "diff": Command("remembered", "diff", "Say what differs between two runs, or two files of evidence."),
    "config": Command("configuring", "app", "Check the configuration, begin one, print its schema."),
    "store": Command("storing", "app", "Prune, back up, check what is remembered."),
    "alerts": Command("alerting", "app", "Say which alerts wait; retry, drop, test."),
    "mute": Command("alerting", "mute", "Tell nobody of a target for a while."),
    "unmute": Command("alerting", "unmute", "End a maintenance window."),
    "tlsa": Command("more", "tlsa"),
    "explain": Command("explaining", "explain"),
    "schema": Command("more", "schema"),
    "demo": Command("more", "demo"),
}
LENIENT = ("explain",)  # a bounce may begin with a hyphen


def built(only: str | None = None) -> typer.Typer:
    """The program with one command, or with all."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(front)
    for name in [only] if only else COMMANDS:
        module, what, short = COMMANDS[name]
        found = getattr(import_module(f"probe.cli.{module}"), what)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, short_help=short)
        else:
            settings: dict[str, Any] = {"ignore_unknown_options": True} if name in LENIENT else {}
            app.command(name, short_help=short, context_settings=settings)(found)
    return app
