"""Tables for a terminal of 80 columns."""

from collections.abc import Sequence


def heading(title: str, *notes: str) -> str:
    return "\n".join(("", title, "-" * len(title), *notes))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right, a last column called "goal" to the left again."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    return "\n".join(
        "  ".join(_cell(n, columns[n], line[n], widths[n]) for n in range(len(columns))).rstrip() for line in lines
    )


def _cell(number: int, column: str, text: str, width: int) -> str:
    return text.ljust(width) if number == 0 or column == "goal" else text.rjust(width)


def verdict(value: float, goal: float) -> str:
    """Whether the figure, as it is printed, is within the goal."""
    return "reached" if round(value, 2) <= goal else "MISSED"
