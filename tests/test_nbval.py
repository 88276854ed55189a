"""`pytest notebooks` is red when a cell takes longer than the time limit, even if the cell handles the interrupt."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
IGNORED = {"tags": ["nbval-ignore-output"]}  # as the training
STOPPED = 'import time\ntry:\n    time.sleep({})\nexcept KeyboardInterrupt:\n    print("stopped")'
LIMIT = 2  # seconds; the cells sleep for 60 or not at all
TOO_LONG = {
    "last": [STOPPED.format(60)],
    "before_cells_that_fail": [STOPPED.format(60), "1 / 0", "1 / 0"],  # nbval expects that
    "before_cells_that_pass": [STOPPED.format(60), "1 + 1", "1 + 1"],
    "unhandled": ["import time\ntime.sleep(60)", "1 + 1"],
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
    assert said.count(f"took longer than {LIMIT} s and was interrupted") == 3
    assert said.count(f"Timeout of {LIMIT} seconds exceeded executing cell") == 1  # nbval's own words


def test_sound_cells_are_green(run):
    code, said = run({"sound": [STOPPED.format(0), "1 + 1"]})
    assert code == 0
    assert "2 passed" in said
