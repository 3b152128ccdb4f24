"""Loads the experiment of a results directory; code that it names is run only if this user has signed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ....landscapes.user_code import withhold_user_code
from ....orchestrator.run_spec import RunSpec
from ...spec.errors import SpecError
from ...spec.load import Experiment, load
from ...spec.sources import read_text_file
from ..plan import Plan
from ..results_directory import ResultsError, experiment_file, write_atomically
from ..watcher import Remark
from .named_code import list_addresses, names_user_code
from .sandboxes import require_recorded_sandboxes
from .secret import SecretError
from .signature import SignatureError, check_signature, sign_results

MOST_NAMES = 8


def load_recorded(
    directory: Path, trust: bool = False, remark: Remark = lambda _: None, overrides: Sequence[str] = ()
) -> Experiment:
    """Load the experiment of a results directory, which may have come from someone else.

    Args:
        directory: The results directory.
        trust: Whether to sign it first.
        remark: Receives a remark if it cannot be signed.
        overrides: Settings that replace those of its YAML (``load``).

    Returns:
        The experiment. Whatever it names as code is built in or installed, or is covered by this user's signature.

    Raises:
        ResultsError: If the directory holds no experiment, or if it names code of a user and bears no signature of this
            user. Then nothing of that code has been run.
        SpecError: If the experiment cannot be loaded.
        LogError: If the log cannot be read.
    """
    path = experiment_file(directory)
    require_recorded_sandboxes(directory)
    try:
        check_signature(directory)
    except SignatureError as error:
        why = str(error)
    else:
        return load(path, overrides)
    if trust:
        try_signing(directory, remark)
        return load(path, overrides)
    with withhold_user_code() as withheld:
        try:
            experiment = load(path, overrides)
        except SpecError:
            if not withheld:
                raise
        else:
            withheld += [f"the cluster {address}" for address in list_addresses(experiment)]
    if withheld:
        raise ResultsError(_describe_refusal(directory, why, withheld))
    return experiment


def try_signing(directory: Path, remark: Remark, texts: Iterable[str] = (), runs: Iterable[RunSpec] = ()) -> None:
    """Sign a results directory (``sign_results``). Where that is impossible, remark that it is not signed."""
    try:
        sign_results(directory, texts, runs)
    except (SecretError, ResultsError) as error:
        remark(f"{directory} is not signed, so that resume and verify will need --trust: {error}")


def sign_growth(directory: Path, grown: str | None, plan: Plan, remark: Remark) -> None:
    """Sign a results directory before an experiment is resumed in it, and write its YAML if it has grown.

    Args:
        directory: The results directory.
        grown: The YAML of the experiment if it has grown, else None.
        plan: The runs.
        remark: Receives a remark if it cannot be signed.
    """
    named = names_user_code(plan.experiment)
    stored = read_text_file(experiment_file(directory))
    if grown is None:
        if named:
            try_signing(directory, remark, [stored], plan.runs)
        return
    if named:
        # A process may be killed between the two files, so that both texts are accepted for a moment.
        try_signing(directory, remark, [stored, grown] if _bears_signature(directory) else [grown], plan.runs)
    write_atomically(directory / "experiment.yaml", grown)
    if named:
        try_signing(directory, lambda _: None, [grown], plan.runs)


def _bears_signature(directory: Path) -> bool:
    try:
        check_signature(directory)
    except SignatureError:
        return False
    return True


def _describe_refusal(directory: Path, why: str, named: Sequence[str]) -> str:
    listed = list(dict.fromkeys(named))
    more = f" and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else ""
    return (
        f"results must bear your signature before code that they name is run, got {directory}, which {why}. It names "
        f"{', '.join(listed[:MOST_NAMES])}{more}. If you trust it, add --trust: it signs what is there now. report, "
        "trace, animate and studio need no trust, since they run nothing of it."
    )
