"""What holds for all runs of pytest, `pytest notebooks` included: one thread, and no cell that nbval interrupted."""

import os

import pytest

# Two processes run the tests, and each of them, with its kernels, computes with one thread: scikit-learn's would wait
# for each other on a busy machine, and cost 07 three times what it computes. Read when NumPy and scikit-learn load.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


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
