"""Submitting and fetching, with this process as the cluster; tests/faults/test_cluster.py has a real one."""

import re
import subprocess
import sys

import pytest

from searchparty.experiments.api import resume, run
from searchparty.experiments.cluster import head_entry, submit
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.spec.load import load, loads_yaml
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash


class Job:
    def __init__(self, metadata, log="", status="SUCCEEDED"):
        self.metadata, self.printed, self.status, self.message = metadata, log, status, ""
        self.id = "job"

    ended = True


class Cluster:
    """Runs each submitted job at once, in this process, in a separate folder."""

    def __init__(self, folder, spoil=lambda text: text):
        self.folder, self.known, self.sent, self.spoil = folder, {}, [], spoil

    def send(self, entrypoint, tree, id, metadata, options=None):
        self.sent.append(entrypoint)
        words = entrypoint.split()
        files = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
        log, code = "", 0
        if "send" in words:
            done = subprocess.run(["bash", "-c", entrypoint], cwd=tree, capture_output=True, text=True)
            log, code = done.stdout, done.returncode
        self.known[id] = Job(metadata, self.spoil(log), "FAILED" if code else "SUCCEEDED")
        self.known[id].files = files
        self.known[id].yaml = (tree / "experiment.yaml").read_text() if "experiment.yaml" in files else ""

    def read_job(self, id):
        return self.known[id]

    wait = read_job

    def log(self, id):
        return self.known[id].printed

    def forget(self, id):
        del self.known[id]


def hash_of(directory):
    with LogReader(directory) as reader:
        return trace_hash(reader)


@pytest.fixture
def experiment(small_yaml):
    return load(small_yaml())


def test_a_job_is_the_experiment_on_the_rays_own_cluster(experiment, tmp_path):
    cluster = Cluster(tmp_path)
    id = submit.submit_experiment(experiment, cluster, place="/data/sp")
    assert re.fullmatch(r"small-[0-9a-f]{6}", id)
    begins, ends = cluster.sent[0].split(id)
    assert begins == "python3 -I searchparty/experiments/cluster/head_entry.py run experiment.yaml --out /data/sp/"
    assert ends == " --executor ray --address auto --no-report"
    job = cluster.known[id]
    assert {"experiment.yaml", "searchparty/experiments/cluster/head_entry.py"} <= job.files
    assert loads_yaml(job.yaml).executor.kind == "ray"
    again = submit.submit_experiment(experiment, cluster, resumed=id)
    assert f"resume /data/sp/{id} " in cluster.sent[1]
    assert submit.job_results_path(cluster.read_job(again)) == f"/data/sp/{id}"


LARGE = """\
name: large
budget: 4000
landscapes: [{kind: sphere, dimension: 50}]
strategies: {alone: {agents: [{kind: random, batch: 100}]}}
executor: simulated
"""
PIECE = 1 << 20
"""The bytes that are compressed at once."""


@pytest.mark.parametrize("large", [False, True])
def test_results_come_home_to_the_bit(small_yaml, tmp_path, large):
    text = LARGE if large else small_yaml().read_text().replace("repeats: 2", "repeats: 1")
    there = run(loads_yaml(text), out=tmp_path / "there", report=False)
    assert ((there.path / "log.sqlite").stat().st_size > PIECE) is large
    cluster = Cluster(tmp_path)
    cluster.known["one"] = Job({"results": str(there.path)})
    home = submit.fetch_results(cluster, "one", tmp_path / "home")
    assert (home / "experiment.yaml").read_text() == (there.path / "experiment.yaml").read_text()
    assert hash_of(home) == hash_of(there.path)
    # Fetch again, into the same directory.
    assert submit.fetch_results(cluster, "one", tmp_path / "home") == home


def test_a_log_that_still_grows_is_copied_as_it_stands(tmp_path, small_yaml):
    from searchparty.experiments.execution.plan import make_plan
    from searchparty.orchestrator.log.log_file import LogFile

    place = tmp_path / "there"
    place.mkdir()
    (place / "experiment.yaml").write_text(small_yaml().read_text())
    log = LogFile(place / "log.sqlite", {})
    (first, *_) = make_plan(load(small_yaml())).runs
    log.run(first)
    log.commit()
    cluster, said = Cluster(tmp_path), []
    cluster.known["one"] = Job({"results": str(place)}, status="RUNNING")
    cluster.known["one"].ended = False
    home = submit.fetch_results(cluster, "one", tmp_path / "home", said.append)
    log.close()
    with LogReader(home) as reader:
        assert [record.id for record in reader.runs()] == [first.id]
    assert said == ["one is running: these are its findings so far. Fetch it again later."]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: re.sub(r'"crc32": \d+', '"crc32": 1', text),
        lambda text: text.replace("\n", "\n!", 3),
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("A", "B", 1),
        lambda text: re.sub(r'\{"end": "experiment.yaml".*\n', "", text),
    ],
    ids=["checksum", "alphabet", "half", "nothing", "letter", "end"],
)
def test_what_is_damaged_on_the_way_is_refused(tmp_path, small_yaml, spoil):
    there = run(load(small_yaml()), out=tmp_path / "there", report=False)
    cluster = Cluster(tmp_path, spoil)
    cluster.known["one"] = Job({"results": str(there.path)})
    with pytest.raises(
        ResultsError, match="results must arrive complete, but are incomplete or damaged. Fetch them again"
    ):
        submit.fetch_results(cluster, "one", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_what_was_gone_on_with_here_is_not_overwritten(tmp_path, small_yaml):
    there = run(load(small_yaml()), out=tmp_path / "there", report=False)
    cluster = Cluster(tmp_path)
    cluster.known["one"] = Job({"results": str(there.path)})
    home = submit.fetch_results(cluster, "one", tmp_path / "home")
    resume(home, budget=400, report=False)
    before = hash_of(home)
    with pytest.raises(
        ResultsError, match="results must be unchanged since they were fetched, got .*home, which was resumed"
    ):
        submit.fetch_results(cluster, "one", home)
    assert hash_of(home) == before
    # The job continues there, too, and new results are fetched into the earlier ones.
    other = submit.fetch_results(cluster, "one", tmp_path / "other")
    resume(there.path, budget=350, report=False)
    submit.fetch_results(cluster, str(there.path), other)
    assert hash_of(other) == hash_of(there.path) != before


OWN = """\
name: own
budget: 12
landscapes: [{kind: python, function: "loss.py:loss", bounds: [-1, 1]}]
strategies: {alone: {agents: [random]}}
executor: simulated
"""


def test_results_of_ones_own_job_are_signed_and_those_of_others_are_not(tmp_path, monkeypatch):
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float(x[0] ** 2)\n")
    (tmp_path / "own.yaml").write_text(OWN)
    cluster = Cluster(tmp_path)
    id = submit.submit_experiment(load(tmp_path / "own.yaml"), cluster, place=str(tmp_path / "head"))
    # The head's user has another secret, as another machine has.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path / "state of the head"))
        run(loads_yaml(cluster.known[id].yaml).with_executor("simulated"), out=tmp_path / "head" / id, report=False)
    home = submit.fetch_results(cluster, id, tmp_path / "home")
    assert resume(home, executor="simulated", report=False).errors == {}
    # Its resumption is trusted on a new head, too.
    submit.submit_experiment(load(tmp_path / "own.yaml"), cluster, resumed=id)
    assert cluster.sent[-1].endswith(" --no-report --trust")
    # What has become of it on the way is not what was submitted.
    yaml = tmp_path / "head" / id / "experiment.yaml"
    yaml.write_text(yaml.read_text().replace("loss.py:loss", "other.py:loss"))
    with pytest.raises(ResultsError, match="must bear your signature"):
        resume(submit.fetch_results(cluster, id, tmp_path / "spoilt"), report=False)
    yaml.write_text(yaml.read_text().replace("other.py:loss", "loss.py:loss"))
    # A job of someone else, by its id or by its place.
    cluster.known["theirs"] = Job({"results": str(tmp_path / "head" / id), "signature": "0" * 64})
    for job in ("theirs", str(tmp_path / "head" / id)):
        with pytest.raises(ResultsError, match=r"must bear your signature.* bears no signature of yours"):
            resume(submit.fetch_results(cluster, job, tmp_path / f"by {len(job)}"), report=False)
    submit.submit_experiment(load(tmp_path / "own.yaml"), cluster, resumed="theirs")
    assert cluster.sent[-1].endswith(" --no-report")


def test_a_place_is_a_full_path(experiment, tmp_path):
    with pytest.raises(ResultsError, match="--place must be a full path on the head, got 'results'"):
        submit.submit_experiment(experiment, Cluster(tmp_path), place="results")


def test_results_that_are_not_there(tmp_path):
    cluster = Cluster(tmp_path)
    cluster.known["one"] = Job({"results": str(tmp_path / "nowhere")})
    with pytest.raises(
        ResultsError, match="results must be on the cluster's head, got .*nowhere has no experiment.yaml"
    ):
        submit.fetch_results(cluster, "one", tmp_path / "home")
    cluster.known["two"] = Job({})
    with pytest.raises(ResultsError, match="job must be one that `searchparty submit` started"):
        submit.fetch_results(cluster, "two", tmp_path / "home")


def test_a_directory_of_another_job_is_left_alone(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "fetched-from").write_text("another\n")
    cluster = Cluster(tmp_path)
    cluster.known["one"] = Job({"results": str(tmp_path)})
    with pytest.raises(ResultsError, match="--out must be a new directory, or one that .* was fetched into"):
        submit.fetch_results(cluster, "one", tmp_path / "home")


def test_the_python_that_is_found_is_this_one_where_there_is_no_ray():
    assert head_entry.find_ray_python() == sys.executable
