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

from probe.cli.table import COMMANDS, built
from probe.errors import ProbeError, UsageError

# The parser's own family of faults, UsageError and above. It moved house with typer 0.26 and has no stable address.
UsageFault: type[Exception] = typer.BadParameter.__mro__[2]
OUR_FAULT = 3
INTERRUPTED = 130


NOT_A_TARGET = ("--help", "-h", "--version")


def main() -> None:
    """The console script."""
    if sys.stdout is None:  # closed by whoever started us
        sys.exit(
            _complain("standard output is closed", "send it to a file, or to /dev/null") if sys.stderr else OUR_FAULT
        )
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
        outcome = _command(args).main(args=_words(args), prog_name="probe", standalone_mode=False)
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


def _words(args: list[str]) -> list[str]:
    """`probe TARGET` is `probe check TARGET`. Raises `UsageError`."""
    if not args:
        raise UsageError("no target is named", "as in `probe mail.example.org:25`; `probe --help` says more")
    if args[0] in (*COMMANDS, *NOT_A_TARGET):
        return args
    if args[0].isalpha():
        from difflib import get_close_matches

        if near := get_close_matches(args[0], COMMANDS, n=1, cutoff=0.75):
            raise UsageError(
                f"there is no command `{args[0]}`", f"did you mean `probe {near[0]}`? A host: `probe check {args[0]}`"
            )
    return ["check", *args]


def _command(args: list[str]) -> Any:
    word = _words(args)[0]
    return typer.main.get_command(built(word if word in COMMANDS else None))


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
