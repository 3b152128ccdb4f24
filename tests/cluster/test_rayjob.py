"""The manifest for KubeRay, without a Kubernetes: structure, references, and its experiment and commands."""

import os
import re
import shlex
import subprocess

import jsonschema
import pytest
import typer
import yaml

from searchparty.experiments.cli.main import app
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec.load import load

NAME = {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": 47}
QUANTITY = {"type": "string", "pattern": "^[0-9]+(m|Ki|Mi|Gi|Ti)?$"}


def strict(required, **optional):
    """Return a schema of an object with these keys, optionally those, and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def several(of, least=1):
    return {"type": "array", "items": of, "minItems": least}


AMOUNTS = strict({"cpu": QUANTITY, "memory": QUANTITY})
CONTAINER = strict(
    {
        "name": NAME,
        "image": {"type": "string"},
        "resources": strict({"requests": AMOUNTS, "limits": AMOUNTS}),
        "volumeMounts": several(
            strict({"name": NAME, "mountPath": {"type": "string", "pattern": "^/"}}, readOnly={"type": "boolean"})
        ),
    },
    ports=several(strict({"containerPort": {"type": "integer", "minimum": 1, "maximum": 65535}, "name": NAME})),
)
VOLUME = {
    "oneOf": [
        strict({"name": NAME, "configMap": strict({"name": NAME})}),
        strict({"name": NAME, "persistentVolumeClaim": strict({"claimName": NAME})}),
    ]
}
POD = strict(
    {
        "spec": strict(
            {"containers": several(CONTAINER), "volumes": several(VOLUME)},
            securityContext=strict({"fsGroup": {"type": "integer"}}),
        )
    }
)
# Ray splits these into the arguments of a command line.
PARAMETERS = {"type": "object", "additionalProperties": {"type": "string"}}
COUNT = {"type": "integer", "minimum": 0}
WORKERS = strict(
    {
        "groupName": NAME, "replicas": COUNT, "minReplicas": COUNT, "maxReplicas": COUNT, "rayStartParams": PARAMETERS,
        "template": POD,
    }
)  # fmt: skip
CLUSTER = strict(
    {
        "rayVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "authOptions": strict({"mode": {"const": "token"}}, secretName=NAME),
        "headGroupSpec": strict({"rayStartParams": PARAMETERS, "template": POD}),
        "workerGroupSpecs": several(WORKERS),
    }
)
META = strict({"name": NAME})
SCHEMAS = {
    "ConfigMap": strict(
        {
            "apiVersion": {"const": "v1"}, "kind": {}, "metadata": META,
            "data": {"type": "object", "additionalProperties": {"type": "string"}},
        }
    ),
    "PersistentVolumeClaim": strict(
        {
            "apiVersion": {"const": "v1"}, "kind": {}, "metadata": META,
            "spec": strict(
                {
                    "accessModes": several({"enum": ["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"]}),
                    "resources": strict({"requests": strict({"storage": QUANTITY})}),
                },
                storageClassName=NAME,
            ),
        }
    ),
    "RayJob": strict(
        {
            "apiVersion": {"const": "ray.io/v1"}, "kind": {}, "metadata": META,
            "spec": strict(
                {
                    "entrypoint": {"type": "string"}, "rayClusterSpec": CLUSTER,
                    "shutdownAfterJobFinishes": {"type": "boolean"}, "ttlSecondsAfterFinished": COUNT,
                },
                backoffLimit=COUNT,
            ),
        }
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def documents(repository):
    found = list(yaml.safe_load_all((repository / "cluster" / "rayjob.yaml").read_text()))
    return {document["kind"]: document for document in found}


@pytest.fixture
def cluster(documents):
    return documents["RayJob"]["spec"]["rayClusterSpec"]


@pytest.fixture
def pods(cluster):
    return [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_document_has_the_structure_that_its_kind_asks_for(documents, kind):
    assert set(documents) == set(SCHEMAS)
    jsonschema.validate(documents[kind], SCHEMAS[kind])


def test_the_structure_is_strict(documents):
    broken = documents["RayJob"] | {"spec": documents["RayJob"]["spec"] | {"entryPoint": "bash"}}
    with pytest.raises(jsonschema.ValidationError, match="entryPoint"):
        jsonschema.validate(broken, SCHEMAS["RayJob"])


def test_what_is_mounted_is_there(documents, pods):
    for pod in pods:
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert len(volumes) == len(pod["volumes"])
        mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
        assert mounted == set(volumes)
        for volume in volumes.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] == documents["ConfigMap"]["metadata"]["name"]
            else:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim == documents["PersistentVolumeClaim"]["metadata"]["name"]


def test_one_image_and_one_ray_on_all_pods(cluster, pods, repository):
    (pinned,) = re.findall(r"^ray==(.*)$", (repository / "constraints.txt").read_text(), re.M)
    assert cluster["rayVersion"] == pinned
    images = {container["image"] for pod in pods for container in pod["containers"]}
    assert len(images) == 1
    # The name that the comments of the Dockerfile use.
    assert images.pop() in (repository / "cluster" / "Dockerfile").read_text()


def test_replicas_are_in_order(cluster):
    for group in cluster["workerGroupSpecs"]:
        assert 0 < group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


def parsed(words):
    """Parse a `searchparty` command line into (command, settings) without running it; an error if it is not one."""
    command = typer.main.get_command(app)
    with command.make_context("searchparty", list(words)) as outer:
        name, chosen, rest = command.resolve_command(outer, list(words))
        return name, chosen.make_context(name, rest, parent=outer).params


def test_the_experiment_is_one_and_the_entrypoint_runs_it_or_goes_on(documents, pods, tmp_path):
    """The script in the ConfigMap is run with a stand-in for `searchparty`, which prints its arguments."""
    spec, data = documents["RayJob"]["spec"], documents["ConfigMap"]["data"]
    mounts = {mount["name"]: mount["mountPath"] for mount in pods[0]["containers"][0]["volumeMounts"]}
    shell, script, experiment, results = shlex.split(spec["entrypoint"])
    assert shell == "bash"
    assert {os.path.dirname(path) for path in (script, experiment)} == {mounts["experiment"]}
    assert os.path.dirname(results) == mounts["results"]
    for name, text in data.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "searchparty").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "searchparty").chmod(0o755)
    here, out = tmp_path / os.path.basename(experiment), tmp_path / "results"

    def called():
        environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        line = [shell, tmp_path / os.path.basename(script), here, out]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

    name, settings = parsed(called())
    assert (name, settings["source"], settings["results"]) == ("run", str(here), out)
    assert (settings["executor"], settings["address"]) == ("ray", "auto")
    out.mkdir()
    (out / "experiment.yaml").touch()
    name, settings = parsed(called())
    assert (name, settings["results"]) == ("resume", out)
    assert (settings["executor"], settings["address"]) == ("ray", "auto")
    # The same as `searchparty check` does.
    assert len(make_plan(load(here)).runs) > 1
