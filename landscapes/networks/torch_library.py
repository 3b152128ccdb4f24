"""The one place where PyTorch is imported."""

from __future__ import annotations

from typing import Any

from ..landscape import LandscapeError


def import_torch() -> Any:
    """Import PyTorch and limit it to one thread, as other numerical libraries are.

    Returns:
        The module torch.

    Raises:
        LandscapeError: It is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise LandscapeError(
            f"kind must be one whose packages are installed, got torch without PyTorch ({error}). Run: pip install "
            "torch"
        ) from None
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    return torch
