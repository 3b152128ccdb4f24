"""Make the film of the README: the studio's first question, in the look of the studio.

python benchmarks/readme_film.py        # minutes; needs the extra films and Chromium; writes docs/studio.webp
"""

from __future__ import annotations

import sys
from pathlib import Path

from searchparty.experiments.pages.page_film import FilmShape, write_film
from searchparty.experiments.pages.replay_page import make_question_page

FILM = Path(__file__).parent.parent / "docs" / "studio.webp"
SHAPE = FilmShape(848, 478, fps=8.0, seconds=13.0, hold=4.0, zoom=1.3)
QUALITY = 28
MOST_BYTES = 3_000_000


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILM
    count = write_film(make_question_page("together"), [path], SHAPE, quality=QUALITY)
    size = path.stat().st_size
    print(f"{path}: {count} pictures, {size / 1e6:.2f} MB")
    assert size < MOST_BYTES, "it must be smaller: lower the quality or the pictures per second"


if __name__ == "__main__":
    main()
