"""Where the tests keep things: never in the user's own folders."""

import getpass
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from vclamp.ui import overrides

for name, value in {"QT_QPA_PLATFORM": "offscreen", "QT_FONT_DPI": "96", "QT_SCALE_FACTOR": "1"}.items():
    os.environ.setdefault(name, value)
# compiled kernels outlive a test run; recordings and settings do not
_CACHE = Path(tempfile.gettempdir()) / f"vclamp-test-cache-{getpass.getuser()}"
os.environ.setdefault("VCLAMP_CACHE", str(_CACHE))
os.environ["VCLAMP_HOME"] = _HOME = tempfile.mkdtemp(prefix="vclamp-test-home-")

overrides.guard()  # as the program does, before there are classes

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, before there are workers that all would."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        from vclamp.engine.cache import warm_up_aside

        warm_up_aside()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave no home folder behind."""
    shutil.rmtree(_HOME, ignore_errors=True)
