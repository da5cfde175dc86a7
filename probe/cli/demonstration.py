"""What `probe demo` prints."""

import sys
import tempfile
from pathlib import Path

from probe.cli.terminal import write
from probe.demo.built import Built
from probe.demo.estate import Estate
from probe.demo.show import run_demo, serve_demo
from probe.model import Report, Verdict
from probe.report.layout import BLANK, WIDTH, Span, wrapped
from probe.report.text import render

LISTEN = 2525  # where `probe listen` can be tried
SAID = r"EHLO mail.contoso.com\r\nMAIL FROM:<adele@contoso.com>\r\nRCPT TO:<orders@fabrikam.example>\r\nQUIT\r\n"


def show_it(*, colour: bool) -> int:
    """Every case's report; 0 where each came out as it was built to."""

    def turn() -> None:
        write(
            [(Span("The other direction: what a server shows when it sends to Exchange Online", "label"),), BLANK],
            colour=colour,
        )

    def tell(case: Built, report: Report, wrong: tuple[str, ...]) -> None:
        rule = f"── {case.name} ".ljust(WIDTH, "─")
        story = wrapped(case.story, width=WIDTH)
        write([(Span(rule, "label"),), *story, BLANK, *render(report), BLANK], colour=colour)
        for line in wrong:
            print(f"error: {line}", file=sys.stderr)

    good = run_demo(tell, turn)
    said = (
        "Every endpoint and every delivery got the verdict it was built to get."
        if good
        else "Not all came out as built."
    )
    write([(Span(said),)], colour=colour)
    return Verdict.OK.exit_code if good else Verdict.FAIL.exit_code


def serve_it() -> int:
    """Print what to try, and wait to be interrupted."""
    with tempfile.TemporaryDirectory(prefix="probe-demo-") as folder:
        roots, sender = Path(folder, "demo-root.pem"), Path(folder, "sender.pem")

        def tell(estate: Estate) -> None:
            roots.write_bytes(estate.roots_pem)
            sender.write_bytes(estate.current.chain_pem + estate.current.key_pem)
            print("The demo estate is up; Ctrl-C ends it. In another terminal:\n")
            for case in estate.cases:
                print(f"# {case.name}: {case.story}")
                name = f" --expect-name {case.expect_name}" if case.expect_name else ""
                print(f"probe {case.host}:{case.port} --connect {estate.address}{name} --roots {roots}\n", flush=True)
            print("# the other direction: one hears a delivery, the other makes it in a third terminal")
            print(f"probe listen {estate.address}:{LISTEN} --once --roots {roots}")
            print(
                f"printf '{SAID}' | openssl s_client -starttls smtp -connect {estate.address}:{LISTEN} -quiet"
                f" -cert {sender} -key {sender} -cert_chain {sender}",
                flush=True,
            )

        serve_demo(tell)
    return 0
