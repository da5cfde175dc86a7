"""Findings on what exports say by themselves."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.export_certificates import CERTIFICATES
from probe.judge.catalogue.export_missing import MISSING
from probe.judge.catalogue.export_nameless import NAMELESS
from probe.judge.catalogue.export_names import NAMES
from probe.judge.catalogue.export_online import ONLINE
from probe.judge.catalogue.export_settings import SETTINGS

_LOSSY = Entry(
    code="export-lossy",
    title="The exports leave questions open",
    meaning=(
        "Some of what the judgement needs is not in the exports. Nothing was concluded from its absence: it may be in "
        "order, or not."
    ),
    cause="An export of single properties, a list in CSV, or a console that leaves the ends of lists out.",
    remedy=(
        "Export once more with the collector that comes with this program, on premises and for Exchange Online:",
        "    .\\Export-ProbeConnectors.ps1 -OutFile onprem.json",
        "    .\\Export-ProbeConnectors.ps1 -Online -OutFile exo.json",
    ),
    references=("PowerShell: about_Preference_Variables ($FormatEnumerationLimit)", "PowerShell: Export-Csv"),
    causes={
        "lost": Cause(
            title="The form of the export has lost values",
            meaning=(
                "There was a value, and the form of the export could not hold it: CSV loses every list, for one. What "
                "hangs on it could not be judged."
            ),
            remedy=(
                "Export as JSON or Clixml instead, best with the collector that comes with this program:",
                "    .\\Export-ProbeConnectors.ps1 -OutFile onprem.json",
                "    .\\Export-ProbeConnectors.ps1 -Online -OutFile exo.json",
            ),
        ),
        "cut": Cause(
            title="Lists in the export were cut",
            meaning=(
                "PowerShell prints the first few entries of a list, 4 by default and 16 in Exchange's shell, and an "
                "ellipsis for the others. What hangs on the others could not be judged."
            ),
            remedy=(
                "Let PowerShell print whole lists, and export again:",
                "    $FormatEnumerationLimit = -1",
                "Better, use the collector that comes with this program, which cuts nothing.",
            ),
        ),
        "absent": Cause(
            title="Something was not exported",
            meaning=(
                "Nobody exported it, so nothing is said about it. The judgement on what was exported stands; together "
                "with the other side's export it would be more."
            ),
            remedy=(
                "Export the other side as well, with the collector that comes with this program:",
                "    .\\Export-ProbeConnectors.ps1 -OutFile onprem.json",
                "    .\\Export-ProbeConnectors.ps1 -Online -OutFile exo.json",
            ),
        ),
    },
)

_WITHOUT_QUESTIONS = Entry(
    code="export-without-questions",
    title="There is nothing to judge in the exports",
    meaning=(
        "What the exports hold was read, and none of it can be held against anything else: no connector that is "
        "switched on belongs to the way between Exchange Online and the organisation's own servers, or names a "
        "certificate, and no certificate is out of date."
    ),
    cause="Connectors of partners or of other services alone, or connectors that are switched off.",
    remedy=(
        "If that is not what you expected, export everything with the collector that comes with this program:",
        "    .\\Export-ProbeConnectors.ps1 -OutFile onprem.json",
        "    .\\Export-ProbeConnectors.ps1 -Online -OutFile exo.json",
    ),
    references=("Microsoft Learn: Hybrid deployment prerequisites",),
)

EXPORT: tuple[Entry, ...] = (*NAMES, *NAMELESS, *CERTIFICATES, *ONLINE, *SETTINGS, *MISSING, _LOSSY, _WITHOUT_QUESTIONS)
