"""Evidence in; judged, written to the files that were asked for, and printed."""

import sys
from datetime import datetime
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from probe.cli.options import Format
from probe.cli.outputs import Folder, chains, opened
from probe.codec import encode
from probe.config import Memory
from probe.errors import ConfigError
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Evidence, Report, RouteKind, Verdict, gravest

if TYPE_CHECKING:
    from probe.model import Organisation


class Printer:
    """Prints each report as it comes, and at the end what only the whole can say. Files are opened at once, so that
    one that can't be written is found before anything is probed."""

    def __init__(
        self,
        form: Format,
        standard: Standard,
        anchors: Anchors,
        at: datetime | None,
        *,
        verbosity: int,
        transcript: bool,
        colour: bool,
        several: bool,
        chain: Path | None = None,
        evidence: Path | None = None,
        reports: Path | None = None,
        memory: Memory | None = None,
        organisation: "Organisation | None" = None,
    ) -> None:
        self._form, self._standard, self._anchors, self._at = form, standard, anchors, at
        self._verbosity, self._transcript, self._colour, self._several = verbosity, transcript, colour, several
        self._chain, self._evidence = opened(chain), opened(evidence)
        self._folder, self._memory = Folder(reports) if reports else None, memory
        self._organisation = organisation
        self._fault: ConfigError | None = None
        self._verdicts: list[Verdict] = []
        self._kinds: set[RouteKind] = set()
        self._reports: list[Report] = []  # only where the form needs all of them together

    def __enter__(self) -> "Printer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._form is Format.NAGIOS and self._reports:
            self._print_nagios()  # interrupted: what is finished is told
        if error is not None:
            self._save()
        for file in (self._chain, self._evidence):
            if file:
                file.close()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Those of the reports so far, in their order."""
        return tuple(self._verdicts)

    def deliver(self, evidence: Evidence) -> None:
        """Judge it, write it down, print it."""
        if self._evidence:
            self._keep(self._evidence, encode(evidence) + b"\n")
        if self._chain:
            self._keep(self._chain, "".join(chains(evidence)).encode())
        report = judge(evidence, self._standard, self._anchors, self._at or evidence.at, self._organisation)
        self._verdicts.append(report.verdict)
        self._kinds.add(evidence.route.kind)
        self._learn(evidence)
        match self._form:
            case Format.JSON:
                from probe.report.json import render as to_json

                self._print_json(to_json(report))
            case Format.NAGIOS:
                self._reports.append(report)
            case Format.TEXT:
                self._print(report)
            case Format.TLSRPT:
                self._report(report)

    def _keep(self, file: RawIOBase, data: bytes) -> None:
        """A file that cannot be written is no reason to withhold the reports: it is complained of at the end."""
        if not self._fault:
            try:
                while data:
                    data = data[file.write(data) or 0 :]
            except OSError as error:
                what = "the evidence" if file is self._evidence else "the chains"
                self._fault = ConfigError(f"cannot write {what}: {error.strerror}", "is the disk full?")

    def _learn(self, evidence: Evidence) -> None:
        if self._memory:
            from probe.judge.sts import remember

            if policy := remember(evidence, self._anchors, evidence.at):
                self._memory.learn(policy)

    def _save(self) -> None:
        if self._memory:
            self._memory.save()

    def _print_json(self, line: bytes) -> None:
        """JSON is UTF-8 (RFC 8259 §8.1), whatever the terminal's encoding is."""
        sys.stdout.flush()
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()

    def _report(self, report: Report) -> None:
        from probe.cli.terminal import encodable
        from probe.report.escape import visible
        from probe.report.tlsrpt import file_name, render

        told = render(report)
        if not self._folder:
            self._print_json(told)
        elif not self._fault:
            try:
                path = self._folder.keep(told + b"\n", lambda again: file_name(report, again))
            except ConfigError as error:
                self._fault = error
            else:
                print(encodable(visible(str(path), 4096)), flush=True)

    def _print(self, report: Report) -> None:
        from probe.cli.terminal import write
        from probe.report.layout import BLANK
        from probe.report.text import render

        lines = render(report, verbosity=self._verbosity, transcript=self._transcript)
        apart = [BLANK] if len(self._verdicts) > 1 and self._verbosity >= 0 else []
        write([*apart, *lines], colour=self._colour)

    def _print_nagios(self) -> None:
        from probe.cli.terminal import encodable
        from probe.report.nagios import render

        sys.stdout.write(encodable(render(self._reports)))
        sys.stdout.flush()

    def finish(self) -> int:
        """Print what is due at the end; gives the exit code. Raises `ConfigError` where a file could not be written."""
        if self._form is Format.NAGIOS:
            self._print_nagios()
        elif self._form is Format.TEXT and self._several:
            from probe.cli.terminal import write
            from probe.report.layout import BLANK
            from probe.report.text import summary

            things = "delivery" if self._kinds == {RouteKind.INBOUND} else "target"
            write([BLANK, summary(self._verdicts, things)], colour=self._colour)
        try:
            self._save()
        except ConfigError as error:
            self._fault = self._fault or error
        if self._fault:
            raise self._fault
        return gravest(self._verdicts).exit_code
