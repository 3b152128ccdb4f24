"""The command embed, which writes a page that replays runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .terminal.console import handle_termination, out


def embed_command(
    shown: Annotated[
        str,
        typer.Argument(
            metavar="RESULTS|QUESTION",
            help="A results directory, or the id of a question of the studio, e.g. together, grid-size, radius.",
        ),
    ],
    runs: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="ID|STRATEGY", help="The run to show. Given twice, two runs side by side."),
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Also show another strategy beside it.")] = False,
    target: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="The file. Default: RESULTS/replay.html.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="The heading. Default: what is shown.")] = None,
    text: Annotated[str, typer.Option("--text", help="What is said below the heading.")] = "",
) -> None:
    """Write a page that replays one or two runs: one HTML file that needs no server, for a course, a talk or an iframe.

    Examples: searchparty embed results/quickstart-1 --compare; searchparty embed radius --out radius.html
    """
    from ..pages.replay_page import make_question_page, make_replay_page

    handle_termination()
    directory = Path(shown)
    if directory.is_dir():
        page = make_replay_page(directory, runs or (), compare, title, text)
        path = page.write(target or directory / "replay.html")
    else:
        page = make_question_page(shown)
        path = page.write(target or f"{shown}.html")
    out.print(f"Shown: {' beside '.join(page.titles)}", soft_wrap=True)
    out.print(f"Page: {path} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
