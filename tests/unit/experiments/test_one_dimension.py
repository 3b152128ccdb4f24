"""A run in one dimension has no plane of two coordinates, but is shown and reported nevertheless."""

from pathlib import Path

import numpy as np
import pytest

from searchparty.experiments.api import run
from searchparty.experiments.report.report import write_report
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.message import decode_film
from searchparty.experiments.studio.plays.play import build_play_experiment, parse_play_settings
from searchparty.orchestrator.log.reader import LogReader


@pytest.mark.usefixtures("coarse_figures")
def test_a_run_of_one_dimension_is_seen_along_its_axis(tmp_path: Path) -> None:
    settings = parse_play_settings({"budget": 100, "landscape": {"kind": "sphere", "dimension": 1}, "kinds": ["grid"]})
    run(build_play_experiment(settings), out=tmp_path / "one", report=False)
    with LogReader(tmp_path / "one") as reader:
        run_id = reader.runs()[0].id
        points = reader.points(run_id)
    header, arrays = decode_film(Feed(tmp_path / "one", run_id).film())
    assert header["plane"]["extent"] == [0.0, 1.0, -0.5, 0.5]
    assert (header["plane"]["first"], header["plane"]["second"]) == ([1.0], [0.0])
    np.testing.assert_allclose(arrays["u"], points.cube[:, 0], atol=1e-7)
    assert not arrays["v"].any()
    # The surface is the landscape, constant along the second axis.
    assert (arrays["surface"] == arrays["surface"][0]).all()
    np.testing.assert_allclose(arrays["surface"][0, 0], 5.12**2, rtol=1e-6)
    write_report(tmp_path / "one")
    assert "data-film" in (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
