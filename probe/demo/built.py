"""What every case of the demo is built to come to, and in which ways its report came out otherwise."""

from dataclasses import dataclass

from probe.model import Report, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A case, told in a sentence. `verdict` is its report's; `codes` are findings that must be among its findings,
    `causes` the `cause` facts that they must show."""

    name: str
    story: str
    verdict: Verdict
    codes: frozenset[str]
    causes: frozenset[str] = frozenset()

    def otherwise(self, report: Report) -> list[str]:
        """In which ways the report is not what this was built for, a line each."""
        found = {finding.code for finding in report.findings}
        causes = {finding.fact("cause") for finding in report.findings}
        wrong = [f"{self.name}: no finding {code}" for code in sorted(self.codes - found)]
        wrong += [f"{self.name}: no finding with the cause {cause}" for cause in sorted(self.causes - causes)]
        if report.verdict is not self.verdict:
            wrong.append(f"{self.name}: {report.verdict}, and was built to be {self.verdict}")
        return wrong
