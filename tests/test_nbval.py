"""`pytest notebooks` is red when a cell takes longer than the time limit, even if the cell handles the interrupt."""

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
IGNORED = {"tags": ["nbval-ignore-output"]}  # as the training
LIMIT = 4  # seconds


def sleep(seconds):
    """A cell that sleeps, in naps between which an interrupt gets through on every system."""
    return f"import time\nfor _ in range({10 * seconds}):\n    time.sleep(0.1)"


def handled(cell):
    """The cell, content with being interrupted."""
    return f"try:\n{indent(cell, '    ')}\nexcept KeyboardInterrupt:\n    print('Stopped.')"


TOO_LONG = {
    "last": [handled(sleep(60))],
    "before_cells_that_fail": [handled(sleep(60)), "1 / 0", "1 / 0"],  # nbval expects that
    "before_cells_that_pass": [handled(sleep(60)), "1 + 1", "1 + 1"],
    "unhandled": [sleep(60), "1 + 1"],
}


@pytest.fixture
def run(tmp_path):
    """Run notebooks with the project's options and a low time limit, and return pytest's exit code and words."""
    for file in ["pyproject.toml", "conftest.py", "tests/nbval_sanitize.cfg"]:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "notebooks").mkdir()

    def run(notebooks):
        for name, sources in notebooks.items():
            cells = [nbformat.v4.new_code_cell(source, metadata=IGNORED) for source in sources]
            nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")
        line = [sys.executable, "-m", "pytest", "notebooks", "--numprocesses=0", f"--nbval-cell-timeout={LIMIT}"]
        ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
        return ended.returncode, ended.stdout

    return run


def test_a_cell_that_takes_too_long_is_red(run):
    code, said = run(TOO_LONG)
    assert code == 1
    for name in TOO_LONG:
        assert f"FAILED notebooks/{name}.ipynb::Cell 0" in said
    assert f"took longer than {LIMIT} s and was interrupted" in said


def test_sound_cells_are_green(run):
    code, said = run({"sound": [handled(sleep(0)), "1 + 1"]})
    assert code == 0
    assert "2 passed" in said
