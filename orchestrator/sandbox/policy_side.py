"""What a confined process does for a policy."""

from __future__ import annotations
