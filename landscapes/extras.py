"""Advice on how to install what an optional feature needs."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

DISTRIBUTION = "searchparty"


def advise_install(extra: str) -> str:
    """Advise how to install the packages of an extra.

    It names the packages themselves, so it works for an installation from a checkout and for one from a wheel, neither
    of which an index knows.

    Args:
        extra: Name of an extra in pyproject.toml.

    Returns:
        A sentence with a command for a shell.

    Example:
        >>> advise_install("pandas")
        "Run: pip install 'pandas>=2.2.2'"
    """
    try:
        requirements = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        # The package was copied, as it is onto the nodes of a cluster, and not installed.
        requirements = []
    marker = re.compile(rf"""extra\s*==\s*["']{re.escape(extra)}["']""")
    split = [requirement.partition(";") for requirement in requirements]
    packages = [package.strip() for package, _, condition in split if marker.search(condition)]
    if not packages:
        return f"Install the packages that searchparty's pyproject.toml lists under {extra}"
    return "Run: pip install " + " ".join(f"'{package}'" for package in packages)
