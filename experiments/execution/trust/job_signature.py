"""The signature of a job on a cluster: that this user submitted it, and which experiment."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

from ...spec.yaml_text import parse_yaml
from .secret import SecretError, read_secret

JOB_PURPOSE = b"searchparty job 1\n"
PLACE_KEYS = {"base", "executor"}
"""Keys of a YAML that differ between machines, and name no code."""


def sign_job(place: str, text: str) -> str:
    """Return the signature of a job, for its metadata; "" if this user has no secret and none can be created.

    Args:
        place: The path of its results on the cluster's head.
        text: The YAML of its experiment.
    """
    try:
        secret = read_secret(create=True)
    except SecretError:
        return ""
    return _compute(secret, place, text) if secret else ""


def is_own_job(signature: str, place: str, text: str) -> bool:
    """Return whether this user submitted a job with these results and this experiment.

    Args:
        signature: What ``sign_job`` returned when it was submitted.
        place: The path of its results on the cluster's head.
        text: The YAML of its experiment, as it was submitted or as it came back.

    Raises:
        SpecError: If the text is not YAML.
    """
    try:
        secret = read_secret()
    except SecretError:
        return False
    return bool(secret) and hmac.compare_digest(
        signature.encode(errors="replace"), _compute(secret or b"", place, text).encode()
    )


def _compute(secret: bytes, place: str, text: str) -> str:
    data, _ = parse_yaml(text, "experiment.yaml")
    kept = {key: value for key, value in data.items() if key not in PLACE_KEYS}
    content = json.dumps([place, kept], sort_keys=True, default=str)
    return hmac.new(secret, JOB_PURPOSE + content.encode(), sha256).hexdigest()
