"""A figure beside its floor and its bar, shown as a table and kept as JSON."""

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Literal

RESULTS = Path(".data/bench.json")
HEADINGS = ("what", "ours", "floor", "ratio", "bar", "met", "compared with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What quality.md asks for: limits of a value, or of its ratio to the floor."""

    of: Literal["ratio", "value"]
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        limits = [(self.low, "≥"), (self.high, "≤")]
        text = " ".join(f"{sign} {limit:g}" for limit, sign in limits if limit is not None)
        return f"{text} x" if self.of == "ratio" else text

    def is_met_by(self, number: float | None) -> bool | None:
        """Tell whether a number is within the limits; None when there is no number."""
        if number is None:
            return None
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


def ratio_at_least(low: float) -> Bar:
    """Ask for so many times the floor."""
    return Bar(of="ratio", low=low)


def ratio_at_most(high: float) -> Bar:
    """Allow so many times the floor."""
    return Bar(of="ratio", high=high)


def value_at_least(low: float) -> Bar:
    """Ask for so much, whatever the floor is."""
    return Bar(of="value", low=low)


def value_at_most(high: float) -> Bar:
    """Allow so much, whatever the floor is."""
    return Bar(of="value", high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value; a note alone says why there is none."""

    name: str
    unit: str = ""
    ours: float | None = None
    floor: float | None = None
    floor_name: str = ""
    ratio: float | None = None
    bar: Bar | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Tell whether the bar is met; None when there is no bar or nothing to judge."""
        if self.bar is None:
            return None
        return self.bar.is_met_by(self.ratio if self.bar.of == "ratio" else self.ours)

    def as_json(self) -> dict[str, Any]:
        """Write the figure for the file of results."""
        return {**asdict(self), "bar": str(self.bar) if self.bar else None, "is_met": self.is_met}


def compare(
    name: str,
    unit: str,
    ours: Sequence[float],
    floors: Sequence[float] = (),
    *,
    floor_name: str = "",
    bar: Bar | None = None,
    note: str = "",
) -> Figure:
    """Take medians; the ratio is the median of the ratios of each turn, which share its noise."""
    ratios = [our / floor for our, floor in zip(ours, floors, strict=False) if floor]
    return Figure(
        name=name,
        unit=unit,
        ours=median(ours),
        floor=median(floors) if floors else None,
        floor_name=floor_name,
        ratio=median(ratios) if ratios else None,
        bar=bar,
        note=note,
    )


def print_table(figures: Iterable[Figure]) -> None:
    """Print figures in columns, and the notes under them."""
    figures = list(figures)
    rows = [HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for figure in figures:
        if figure.note:
            print(f"  - {figure.name}: {figure.note}")


def _cells(figure: Figure) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: "-"}[figure.is_met]
    return (
        figure.name,
        _number(figure.ours, figure.unit),
        _number(figure.floor, figure.unit),
        "-" if figure.ratio is None else f"{figure.ratio:.2f} x",
        str(figure.bar or "-"),
        met,
        figure.floor_name,
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".replace(",", " ").rstrip()


def append_run(run: dict[str, Any]) -> None:
    """Add a run to the file of results."""
    runs = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    RESULTS.parent.mkdir(exist_ok=True)
    unfinished = RESULTS.with_suffix(".tmp")
    unfinished.write_text(json.dumps([*runs, run], indent=1, ensure_ascii=False) + "\n")
    unfinished.replace(RESULTS)


def describe_run(*, quick: bool) -> dict[str, Any]:
    """Say when, on which commit and on how busy a machine this is."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": _git_commit(),
        "quick": quick,
        "cpus": os.cpu_count(),
        "load_before": load(),
    }


def load() -> list[float]:
    """Read the load averages over 1, 5 and 15 minutes."""
    return [round(average, 2) for average in os.getloadavg()]


def _git_commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "not committed"
