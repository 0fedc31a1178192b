"""Runs the benchmarks of `make bench`, prints them and adds them to .data/bench.json."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from backend import logs
from tests.bench import (
    bench_history,
    bench_http,
    bench_ledger,
    bench_payments,
    bench_postgres,
    bench_start,
)
from tests.bench.report import Figure, append_run, describe_run, load, print_table
from tests.bench.stage import Stage, set_stage

BENCHMARKS: dict[str, Callable[[Stage], Iterator[Figure]]] = {
    "ledger": bench_ledger.single,
    "batch": bench_ledger.batches,
    "postgres": bench_postgres.run,
    "http": bench_http.run,
    "payments": bench_payments.run,
    "history": bench_history.run,
    "start": bench_start.run,
}


def main() -> int:
    """Run what was asked for; slow results are results, only a benchmark that breaks is a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="short and rough, in less than two minutes")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="run this one; may be repeated")
    options = parser.parse_args()
    logs.configure("ERROR")
    run = describe_run(quick=options.quick)
    print(f"commit {run['git_commit']}, {run['cpus']} CPUs, load {run['load_before']}", flush=True)
    with set_stage(quick=options.quick) as stage:
        figures, broken = _run_all(stage, options.only or list(BENCHMARKS))
    run |= {"load_after": load(), "broken": broken, "figures": [figure.as_json() for figure in figures]}
    append_run(run)
    _print_summary(run, figures)
    return 1 if broken else 0


def _run_all(stage: Stage, names: list[str]) -> tuple[list[Figure], list[str]]:
    figures: list[Figure] = []
    broken: list[str] = []
    for name in names:
        began = time.monotonic()
        found: list[Figure] = []
        try:
            found.extend(BENCHMARKS[name](stage))
        except Exception:  # noqa: BLE001 - one that breaks must not keep the others from running.
            traceback.print_exc()
            broken.append(name)
        print(f"\n{name} ({time.monotonic() - began:.0f} s, load {load()[0]})")
        print_table(found)
        sys.stdout.flush()
        figures += found
    return figures, broken


def _print_summary(run: dict[str, Any], figures: list[Figure]) -> None:
    judged = [figure for figure in figures if figure.is_met is not None]
    missed = [figure for figure in judged if not figure.is_met]
    print(f"\nload {run['load_before']} before, {run['load_after']} after")
    print(f"{len(judged) - len(missed)} of {len(judged)} bars are met")
    for figure in missed:
        print(f"  not met: {figure.name} ({figure.floor_name or 'no floor'}, {figure.bar})")
    for name in run["broken"]:
        print(f"  could not run: {name}")


if __name__ == "__main__":
    sys.exit(main())
