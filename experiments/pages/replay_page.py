"""A page that replays one or two runs: one HTML file, for a course, a talk, another page or a notebook."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from ..animation.selection import choose_runs
from ..execution.plan import make_plan
from ..execution.results_directory import ResultsError
from ..execution.session import begin_session
from ..results.recorded_runs import RunData, read_runs
from ..spec.errors import suggest
from ..studio.films.embed import EmbeddedRun, embed_modules, embed_replay
from ..studio.plays.play import build_play_experiment, parse_play_settings
from ..studio.plays.questions import load_questions, side_settings

MOST_PAGE_POINTS = 6000
"""Points of a run in a page; of a longer one, about so many are chosen evenly. So a page stays below 2 MB."""
STARTER_MODULE = "share.js"
NOTEBOOK_HEIGHT = 760
"""Height of the page in a notebook, in pixels."""
REPLAY_TEMPLATE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="searchparty embed">
<title>$title</title>
<style>
html { font: 16px/1.45 system-ui, sans-serif; color-scheme: light dark; }
body { margin: 0; padding: 0.6rem; }
h1 { font-size: 1.15rem; margin: 0 0 0.3rem; }
p { margin: 0 0 0.4rem; max-width: 90ch; }
details { margin: 0.5rem 0; }
</style>
</head>
<body>
<h1>$title</h1>
$text
<div id="replay" data-bare="" data-beside="$beside"></div>
$answer
$code
</body>
</html>
"""
)

PAGE_HEAD = REPLAY_TEMPLATE.template.partition("<title>")[0].encode()
"""How each page begins."""


@dataclass(frozen=True)
class ReplayPage:
    """A page that replays runs. A notebook shows it in a cell.

    Attributes:
        html: The page, with all its code and data; it needs no server and no network.
        titles: What is shown, in order.
    """

    html: str
    titles: tuple[str, ...]

    def write(self, path: Path | str) -> Path:
        """Write the page to a file, and return its path.

        Args:
            path: The file; its folder is made if there is none.

        Raises:
            ResultsError: If it cannot be written, or is a folder or a file that is no such page.
        """
        target = Path(path)
        if target.is_dir():
            raise ResultsError(
                f"a page must be a file, got {target}, which is a folder. Write e.g. {target}/replay.html."
            )
        if target.exists() and not _is_own_page(target):
            raise ResultsError(
                f"a page must be a new file, or take the place of an earlier page, got {target}, which is something "
                "else. Name another file."
            )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.html, encoding="utf-8")
        except OSError as error:
            raise ResultsError(
                f"a page must be a file that can be written, got {target} ({error.strerror or error}). "
                "Name another file."
            ) from None
        return target

    def __repr__(self) -> str:
        return f"<ReplayPage: {' beside '.join(self.titles)}; {len(self.html.encode()) / 1e6:.1f} MB>"

    def _repr_html_(self) -> str:
        style = f"width: 100%; height: {NOTEBOOK_HEIGHT}px; border: 0"
        return f'<iframe title="{escape(self.titles[0])}" style="{style}" srcdoc="{escape(self.html)}"></iframe>'


def _is_own_page(path: Path) -> bool:
    """Return whether a file is empty, or a page that was written here."""
    try:
        with path.open("rb") as file:
            text = file.read(len(PAGE_HEAD))
    except OSError:
        # Why it cannot be written is told where it is.
        return True
    return text == PAGE_HEAD or not text


def make_replay_page(
    directory: Path, names: Sequence[str] = (), compare: bool = False, title: str | None = None, text: str = ""
) -> ReplayPage:
    """Make the page of one run of a results directory, or of two beside each other.

    Args:
        directory: The results directory.
        names: Ids of runs or strategies, at most two. Default: the median run of the largest team.
        compare: Whether another strategy is shown beside one run.
        title: The heading. Default: what is shown.
        text: What is said below it.

    Raises:
        ResultsError: If there is no such run, or none has found a point.
    """
    if len(names) > 2:
        raise ResultsError(f"--run must be given once or twice, got {len(names)} times. Leave out the others.")
    chosen = choose_runs(read_runs(directory), names, compare, directory)
    return _build_page([(directory, run, _title_run(run)) for run in chosen], title, text)


def make_question_page(name: str) -> ReplayPage:
    """Run both sides of a question of the studio, and make a page that replays them with the question and its answer.

    Raises ResultsError if there is no question of that id.
    """
    questions = {question["id"]: question for question in load_questions()}
    if name not in questions:
        raise ResultsError(
            f"what is shown must be a results directory or a question of the studio, got {name!r}. "
            f"{suggest(name, questions)}"
        )
    question = questions[name]
    with tempfile.TemporaryDirectory() as folder:
        shown: list[tuple[Path, RunData, str]] = []
        for side, settings in zip(question["sides"], side_settings(question), strict=True):
            directory = Path(folder) / str(len(shown))
            experiment = build_play_experiment(parse_play_settings(settings)).with_executor("simulated")
            begin_session(make_plan(experiment), directory)
            (run,) = read_runs(directory)
            shown.append((directory, run, side["name"]))
        return _build_page(shown, question["title"], question["question"], question["answer"])


def _build_page(
    shown: Sequence[tuple[Path, RunData, str]], title: str | None, text: str, answer: str = ""
) -> ReplayPage:
    runs = [
        EmbeddedRun(directory, run.id, f"{number}-{run.id}", name)
        for number, (directory, run, name) in enumerate(shown)
    ]
    titles = tuple(run.title for run in runs)
    html = REPLAY_TEMPLATE.substitute(
        title=escape(title or " and ".join(titles)),
        text=f"<p>{escape(text)}</p>" if text else "",
        answer=f"<details><summary>The answer</summary><p>{escape(answer)}</p></details>" if answer else "",
        beside=escape(runs[1].key if len(runs) > 1 else ""),
        code=f"{embed_replay(runs, MOST_PAGE_POINTS)}\n{embed_modules((STARTER_MODULE,))}",
    )
    return ReplayPage(html, titles)


def _title_run(run: RunData) -> str:
    return f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
