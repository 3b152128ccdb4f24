"""Compare searchparty with the solvers that people would use instead (the peers), on COCO's BBOB suite.

A problem is one of the suite's 24 functions in D dimensions, an instance of it (shifted, rotated) and a budget in
units of D. A solver gets the box, a random stream and the budget. Its score is the area under the ECDF of its
runtimes over log10(evaluations / D), from 0 to log10(budget / D), over 51 targets 10^[2..-8] above the minimum, as a
fraction of the whole.

    python benchmarks/bbob.py run [--solvers NAME,NAME] [--dimensions 2,5,10,20] [--instances 1-5] [--budget 1000]
    python benchmarks/bbob.py report
    python benchmarks/bbob.py list

Outcomes are kept in --results, in one file of JSON lines per solver. Outcomes that are there are not computed again, so
a run that was stopped continues. It uses all cores (--processes) and needs the peers: pip install "searchparty[bench]".
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from comparison import report as tables
from comparison import study
from comparison.score import Scores
from comparison.solvers import AT_ONCE_PEER_SOLVERS, AT_ONCE_TEAM_SOLVERS, PEER_SOLVERS, SOLVERS, TEAM_SOLVERS

SOLVER_GROUPS = {
    "peers": PEER_SOLVERS, "teams": TEAM_SOLVERS, "all": SOLVERS,
    "at-once": AT_ONCE_PEER_SOLVERS | AT_ONCE_TEAM_SOLVERS,
}  # fmt: skip
STUDY_FOLDER = Path(__file__).parent / "results" / "bbob"


def parse_integers(text: str) -> list[int]:
    """Parse a list of ranges: "1-3,7" gives [1, 2, 3, 7]."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def parse_solvers(text: str) -> list[str]:
    """Parse a list of names and groups of solvers, and return the names."""
    found: list[str] = []
    for part in text.split(","):
        if part not in SOLVER_GROUPS and part not in SOLVERS:
            raise argparse.ArgumentTypeError(
                f"{part!r} is not a solver. Known: {', '.join(SOLVERS)}, and the groups {', '.join(SOLVER_GROUPS)}"
            )
        found += [name for name in SOLVER_GROUPS.get(part, [part]) if name not in found]
    return found


def build_parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("command", choices=["run", "report", "list"])
    top.add_argument("--results", type=Path, default=STUDY_FOLDER)
    top.add_argument("--solvers", type=parse_solvers, default=None, help="names or groups: " + ", ".join(SOLVER_GROUPS))
    top.add_argument("--dimensions", type=parse_integers, default=[2, 5, 10, 20])
    top.add_argument("--instances", type=parse_integers, default=[1, 2, 3])
    top.add_argument("--functions", type=parse_integers, default=list(study.FUNCTIONS))
    top.add_argument("--budget", type=int, default=1000, help="in units of D")
    top.add_argument("--processes", type=int, default=os.cpu_count())
    top.add_argument("--figure", type=Path, help="file to which report draws the ECDFs")
    top.add_argument("--seconds", type=float, help="start no more problems after this many seconds")
    return top


def print_report(store: study.OutcomeStore, args: argparse.Namespace) -> None:
    """Print the table and where the team is behind, and draw the figure."""
    known = args.solvers or list(SOLVERS)
    scores = Scores(store.load_outcomes(), known, args.budget, args.dimensions, args.instances)
    if not scores.runtimes:
        raise SystemExit(f"{args.results} has no solver that has worked all these problems. `run` them first.")
    members = [name for name in TEAM_SOLVERS if name.endswith(" alone")]
    rivals, team = (
        (AT_ONCE_PEER_SOLVERS, "party of 8")
        if set(known) & set(AT_ONCE_PEER_SOLVERS) & set(scores.runtimes)
        else (PEER_SOLVERS, "party")
    )
    print(tables.score_table(scores, {"virtual best peer": list(rivals), "virtual best member": members}))
    for name, absent in scores.missing.items():
        if absent < len(args.dimensions) * len(args.instances) * len(study.FUNCTIONS):
            print(f"\n{name}: {absent} problems are missing")
    if team in scores.runtimes and set(rivals) & set(scores.runtimes):
        print(
            f"\nWhere {team} is behind the best peer for that function and dimension:\n\n"
            f"{tables.list_deficits(scores, team, list(rivals))}"
        )
    if args.figure:
        title = f"BBOB, {len(args.instances)} instances, {args.budget} D evaluations"
        tables.draw_figure(scores, [*rivals, team], team, args.figure, title)


def main() -> None:
    args = build_parser().parse_args()
    if args.command == "list":
        print("\n".join(SOLVERS))
        return
    store = study.OutcomeStore(args.results)
    if args.command == "report":
        print_report(store, args)
    else:
        wanted = study.study_cells(
            args.solvers or parse_solvers("peers,party"), args.budget, args.dimensions, args.instances, args.functions
        )
        if study.run_study(store, wanted, args.processes, args.seconds):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
