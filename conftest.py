"""A cell of a notebook that nbval had to interrupt fails. For all runs of pytest, `pytest notebooks` included."""

import pytest


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
