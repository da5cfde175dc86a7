"""What `probe demo` prints."""

import sys
import tempfile
from pathlib import Path

from probe.cli.terminal import write
from probe.demo.estate import Case, Estate
from probe.demo.show import run_demo, serve_demo
from probe.model import Report, Verdict
from probe.report.layout import BLANK, WIDTH, Span, wrapped
from probe.report.text import render


def show_it(*, colour: bool) -> int:
    """Every case's report; 0 where each came out as it was built to."""

    def tell(case: Case, report: Report, wrong: tuple[str, ...]) -> None:
        rule = f"── {case.name} ".ljust(WIDTH, "─")
        story = wrapped(case.story, width=WIDTH)
        write([(Span(rule, "label"),), *story, BLANK, *render(report), BLANK], colour=colour)
        for line in wrong:
            print(f"error: {line}", file=sys.stderr)

    good = run_demo(tell)
    write(
        [(Span("Every endpoint got the verdict it was built to get." if good else "Not all came out as built."),)],
        colour=colour,
    )
    return Verdict.OK.exit_code if good else Verdict.FAIL.exit_code


def serve_it() -> int:
    """Print what to try, and wait to be interrupted."""
    with tempfile.TemporaryDirectory(prefix="probe-demo-") as folder:
        roots = Path(folder, "demo-root.pem")

        def tell(estate: Estate) -> None:
            roots.write_bytes(estate.roots_pem)
            print("The demo estate is up; Ctrl-C ends it. In another terminal:\n")
            for case in estate.cases:
                print(f"# {case.name}: {case.story}")
                name = f" --expect-name {case.expect_name}" if case.expect_name else ""
                print(f"probe {case.host}:{case.port} --connect {estate.address}{name} --roots {roots}\n", flush=True)

        serve_demo(tell)
    return 0
