"""The front door: words in, exit code out. Everything heavy is loaded by the command that needs it.

    0 OK · 1 WARN · 2 FAIL · 3 UNKNOWN, and 3 for every fault of our own

Data goes to stdout, everything else to stderr.
"""

import errno
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from probe.cli import (
    alerting,
    commands,
    configuring,
    explaining,
    exports,
    logs,
    more,
    onduty,
    rehearsing,
    remembered,
    storing,
)
from probe.errors import ProbeError, UsageError

# The parser's own family of faults, UsageError and above. It moved house with typer 0.26 and has no stable address.
UsageFault: type[Exception] = typer.BadParameter.__mro__[2]
OUR_FAULT = 3
INTERRUPTED = 130


class DefaultToCheck(TyperGroup):
    """`probe TARGET` is `probe check TARGET`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args:
            raise UsageError("no target is named", "as in `probe mail.example.org:25`; `probe --help` says more")
        if args[0] not in (*self.commands, "--help", "-h", "--version"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=DefaultToCheck,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(commands.front)
app.command(short_help="Probe targets, and judge what they show.")(commands.check)
app.command(short_help="Judge saved evidence again, without the network.")(commands.judge)
app.command(short_help="Say what exports of connectors and certificates show.")(exports.connectors)
app.command(short_help="Say what the next certificate will break, and plan.")(rehearsing.rehearse)
app.command(short_help="Say what Exchange's protocol logs show.")(logs.logs)
app.command(short_help="Probe what the configuration names, once: for cron.")(onduty.run)
app.command(short_help="Probe what the configuration names, for years.")(onduty.watch)
app.command(short_help="Say how all targets stand.")(remembered.status)
app.command(short_help="Say what changed at a target, and when.")(remembered.history)
app.command(short_help="Say what differs between two runs, or two files of evidence.")(remembered.diff)
app.add_typer(configuring.app, name="config", short_help="Check the configuration, begin one, print its schema.")
app.add_typer(storing.app, name="store", short_help="Prune, back up, check what is remembered.")
app.add_typer(alerting.app, name="alerts", short_help="Say which alerts wait; retry, drop, test.")
app.command(short_help="Tell nobody of a target for a while.")(alerting.mute)
app.command(short_help="End a maintenance window.")(alerting.unmute)
app.command()(more.tlsa)
app.command(context_settings={"ignore_unknown_options": True})(explaining.explain)
app.command()(more.schema)
app.command()(more.demo)


def main() -> None:
    """The console script."""
    if sys.stdout is None:  # closed by whoever started us: there is nobody to tell
        sys.exit(OUR_FAULT)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _silence()
        code = OUR_FAULT
    sys.exit(code)


def run(args: list[str]) -> int:
    """Run one command line and give its exit code."""
    try:
        outcome = typer.main.get_command(app).main(args=args, prog_name="probe", standalone_mode=False)
    except ProbeError as error:
        return _complain(str(error), error.hint)
    except UsageFault as error:
        message = getattr(error, "format_message", error.__str__)()
        command = getattr(getattr(error, "ctx", None), "command_path", "probe")
        return _complain(message.rstrip("."), f"`{command} --help` lists what there is")
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # nobody reads on: the verdict could not be told; typer would make it a 1
        _silence()
        return OUR_FAULT
    except BaseExceptionGroup as group:
        return _unwrapped(group)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _silence()
            return _complain("the report cannot be written: no space left", "is the disk full?")
        traceback.print_exc()
        return OUR_FAULT
    return outcome if isinstance(outcome, int) else 0


def _unwrapped(group: BaseExceptionGroup[BaseException]) -> int:
    """trio hands on what it was carrying in groups."""
    if group.split(KeyboardInterrupt)[1] is None:
        return INTERRUPTED
    if group.split(BrokenPipeError)[1] is None:
        _silence()
        return OUR_FAULT
    ours, others = group.split(ProbeError)
    if ours and not others:
        first = _first(ours)
        return _complain(str(first), first.hint)
    traceback.print_exception(group)
    return OUR_FAULT


def _first(group: BaseExceptionGroup[ProbeError]) -> ProbeError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _complain(message: str, hint: str) -> int:
    print(f"error: {_one_line(message)}", file=sys.stderr)
    print(f"hint: {_one_line(hint)}", file=sys.stderr)
    return OUR_FAULT


def _one_line(text: str) -> str:
    """What the user typed comes back here, and it may have come from somewhere else."""
    from probe.report.escape import visible

    return visible(" ".join(text.split()))


def _silence() -> None:
    """Stop Python from complaining about a closed pipe while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
