"""Where the tests find other people's files, and what they do without them."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("busy machine", deadline=None)  # slow is not wrong
hypothesis.settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real instrument files; skips the test where there is none."""
    named = os.environ.get("IKAROS_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        if named:
            pytest.fail(f"IKAROS_DATA names {folder}, which does not exist")
        pytest.skip("no real instrument files: IKAROS_DATA is not set, ../shared/data is absent")
    return folder
