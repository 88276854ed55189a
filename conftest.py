"""What holds for all runs of pytest, `pytest notebooks` included.

They compute with one thread; a cell fails that nbval interrupted, or whose figure has text that cannot be read.
"""

import os
from pathlib import Path

import pytest

# Two processes run the tests, and each of them, with its kernels, computes with one thread: scikit-learn's would wait
# for each other on a busy machine, and cost 07 three times what it computes. Read when NumPy and scikit-learn load.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

LEGIBLE = Path(__file__).parent / "tests" / "legible.py"  # a student edition has no such tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Have the kernel that nbval starts for a notebook read each figure that the notebook shows."""
    yield
    client = getattr(getattr(item.parent, "kernel", None), "kc", None)
    if client and LEGIBLE.exists() and not hasattr(item.parent, "watched"):
        watch = f"import sys; sys.path.append({str(LEGIBLE.parent)!r}); import legible; legible.watch()"
        limit = item.config.option.nbval_kernel_startup_timeout
        reply = client.execute(f"exec({watch!r}, {{}})", silent=True, reply=True, timeout=limit)
        item.parent.watched = reply["content"]["status"] == "ok"
        assert item.parent.watched, reply["content"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a cell that takes longer than the time limit, whatever it makes of the interrupt.

    nbval expects every later cell to fail then. If the first one handled KeyboardInterrupt and passed, as the training
    in 05 does, nothing would be red.
    """
    yield
    if getattr(item.parent, "timed_out", False):
        limit = item.config.option.nbval_cell_timeout
        item.raise_cell_error(f"The cell took longer than {limit:g} s and was interrupted: see --nbval-cell-timeout")
