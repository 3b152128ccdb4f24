"""Make the moving thumbnails of the studio's questions from their runs.

python benchmarks/question_loops.py        # a minute; needs the extra networks; writes plays/loops.json

On a processor with AVX-512, set NPY_DISABLE_CPU_FEATURES as ``tests/frozen/kernels.py`` does: other code of numpy
has other last bits, with which a run may take another course, and the test of the thumbnails asks for these.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from searchparty import run
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.loop import make_loop
from searchparty.experiments.studio.plays.play import build_play_experiment, parse_play_settings
from searchparty.experiments.studio.plays.questions import read_all_questions, side_settings
from searchparty.orchestrator.log.reader import LogReader

LOOPS_FILE = Path(__file__).parent.parent / "experiments" / "studio" / "plays" / "loops.json"


def main() -> None:
    loops = {}
    with tempfile.TemporaryDirectory() as name:
        for question in read_all_questions():
            sides = []
            for number, settings in enumerate(side_settings(question)):
                folder = Path(name) / f"{question['id']}-{number}"
                run(build_play_experiment(parse_play_settings(settings)), out=folder, report=False)
                with LogReader(folder) as reader:
                    (record,) = reader.runs()
                sides.append(make_loop(Feed(folder, record.id).film()))
            if sides[0]["surface"] == sides[1]["surface"]:
                del sides[1]["surface"]
            loops[question["id"]] = sides
    LOOPS_FILE.write_text(json.dumps(loops, indent=0) + "\n")
    print(f"{LOOPS_FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
