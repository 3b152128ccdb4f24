"""The signature of a results directory: that this user's own session wrote what it names as code.

The signature is a small file beside the log. It covers experiment.yaml, the landscapes, teams and policies of the runs,
and the files of code that the YAML names, but no points: whoever has them, has data.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ....orchestrator.log.reader import LogReader
from ....orchestrator.log.tables import has_tables
from ....orchestrator.run_spec import RunSpec, digest
from ....orchestrator.sandbox.record import RECORD_KEY, record_sandboxes
from ...spec.moved import find_base
from ...spec.sources import read_text_file
from ...spec.yaml_text import parse_yaml
from ..results_directory import SIGNATURE_NAME, experiment_file, write_atomically
from .secret import SecretError, read_secret
from .sources import digest_sources

MOST_SIGNATURE_BYTES = 10_000_000
NAMING_SETTINGS = ("landscape", "team", "policy")
"""The settings of a run that name what is run."""
PURPOSE = b"searchparty results 1\n"


class SignatureError(ValueError):
    """A results directory does not bear the signature of this user. The message is a clause that says why."""


def sign_results(directory: Path, texts: Iterable[str] = (), runs: Iterable[RunSpec] = ()) -> None:
    """Sign a results directory.

    Args:
        directory: The results directory.
        texts: The texts that its experiment.yaml may have. Default: the text that it has.
        runs: Runs that will be in its log, in addition to those that are.

    Raises:
        SecretError: If this user has no secret, and none can be created.
        SpecError: If experiment.yaml cannot be read.
        LogError: If the log cannot be read.
        ResultsError: If the signature cannot be written.
    """
    secret = read_secret(create=True) or b""
    texts = tuple(texts) or (read_text_file(experiment_file(directory)),)
    sources: dict[str, str] = {}
    for text in texts:
        sources |= _digest_named(text, directory)
    content = {
        "experiments": sorted({_digest_text(text) for text in texts}),
        "runs": sorted({*_list_recorded(directory), *_list_planned(runs)}),
        "sources": sources,
    }
    signed = {**content, "signature": _compute_signature(secret, content)}
    write_atomically(directory / SIGNATURE_NAME, json.dumps(signed, indent=1, sort_keys=True) + "\n")


def check_signature(directory: Path) -> None:
    """Check that a results directory bears the signature of this user, and that nothing that it covers has changed.

    Nothing that the directory names is run.

    Raises:
        SignatureError: If it does not.
        SpecError: If experiment.yaml cannot be read.
        LogError: If the log cannot be read.
    """
    signed = _read_signature(directory / SIGNATURE_NAME)
    try:
        secret = read_secret()
    except SecretError as error:
        raise SignatureError(f"bears a signature that cannot be checked ({str(error).rstrip('.')})") from None
    content = {key: value for key, value in signed.items() if key != "signature"}
    known = "" if secret is None else _compute_signature(secret, content)
    if not known or not hmac.compare_digest(signed["signature"].encode(errors="replace"), known.encode()):
        raise SignatureError("bears the signature of another user or machine")
    text = read_text_file(experiment_file(directory))
    changed = [] if _digest_text(text) in content["experiments"] else ["experiment.yaml"]
    if not set(_list_recorded(directory)) <= set(content["runs"]):
        changed.append("the settings of its runs")
    now = _digest_named(text, directory)
    changed += [name for name, found in now.items() if content["sources"].get(name) != found]
    if changed:
        raise SignatureError(f"has changed since you signed it ({', '.join(changed[:8])})")


def _read_signature(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise SignatureError("bears no signature of yours")
    try:
        if path.stat().st_size > MOST_SIGNATURE_BYTES:
            raise ValueError
        found = json.loads(path.read_bytes())
        if not (
            isinstance(found, dict)
            and isinstance(found.get("signature"), str)
            and isinstance(found.get("experiments"), list)
            and isinstance(found.get("runs"), list)
            and isinstance(found.get("sources"), dict)
        ):
            raise ValueError
    except (OSError, ValueError, RecursionError):
        raise SignatureError("bears a signature that cannot be read") from None
    return found


def _compute_signature(secret: bytes, content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, PURPOSE + text.encode(), sha256).hexdigest()


def _digest_text(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _digest_named(text: str, directory: Path) -> dict[str, str]:
    """Digest the files of code that a YAML text names."""
    data, _ = parse_yaml(text, "experiment.yaml")
    return digest_sources(data, find_base(data, directory))


def _list_recorded(directory: Path) -> Iterator[str]:
    """Yield digests of what the runs of a log name; nothing if there is no log yet."""
    log = directory / "log.sqlite"
    if log.exists() and has_tables(log):
        with LogReader(directory) as reader:
            for record in reader.runs():
                yield digest_naming_settings(record.settings, record.about.get(RECORD_KEY))


def _list_planned(runs: Iterable[RunSpec]) -> Iterator[str]:
    """Yield digests of what planned runs name. Runs that differ in their seed or repeat only are digested once."""
    seen = set()
    for run in runs:
        key = (id(run.landscape), id(run.team), id(run.policy))
        if key not in seen:
            seen.add(key)
            yield digest_naming_settings(run.settings, record_sandboxes(run))


def digest_naming_settings(settings: dict[str, Any], sandboxes: Any = None) -> str:
    """Digest those settings of a run that name what is run, and what of it is recorded to work in a sandbox."""
    naming = {key: settings.get(key) for key in NAMING_SETTINGS}
    return digest(naming | ({RECORD_KEY: sandboxes} if sandboxes else {}))
