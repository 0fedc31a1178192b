"""Fails when coverage falls below what CONTRIBUTING.md promises: branches count like lines."""

import json
import sys
from pathlib import Path

FLOORS = {"backend/ledger/": 90.0, "backend/": 85.0}


def percent_of(files: dict[str, dict[str, dict[str, int]]], prefix: str) -> float:
    """Add up lines and branches of all files under a prefix."""
    summaries = [entry["summary"] for name, entry in files.items() if name.startswith(prefix)]
    possible = sum(s["num_statements"] + s["num_branches"] for s in summaries)
    reached = sum(s["covered_lines"] + s["covered_branches"] for s in summaries)
    return 100 * reached / possible


def main(path: str) -> int:
    """Compare each floor with what the report says."""
    files = json.loads(Path(path).read_text())["files"]
    results = {prefix: percent_of(files, prefix) for prefix in FLOORS}
    for prefix, percent in results.items():
        print(f"coverage of {prefix}: {percent:.1f} % (floor {FLOORS[prefix]} %)")
    return int(any(percent < FLOORS[prefix] for prefix, percent in results.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
