"""How much memory a kernel needs: `uv run python benchmarks/memory.py [01 04 05 ...]`, on Linux.

Runs each notebook in a kernel of its own, and 01 to 04 one after another in a single kernel. Resident memory is what
lies in memory; the peak is the most of it so far; for PSS a page that processes share is split among them. The last
column names the big libraries that were loaded.
"""

import argparse
import json
import sys
from ast import literal_eval
from pathlib import Path

from fair import plain_environment
from jupyter_client.manager import start_new_kernel
from processes import memory, peak_memory

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("0*.ipynb"))
LIBRARIES = ("matplotlib.pyplot", "scipy.special", "scipy.stats", "pandas", "seaborn", "sklearn")
TOGETHER = ("01", "02", "03", "04")
SECONDS_PER_CELL = 600


def main():
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("This benchmark reads memory from /proc: run it on Linux.")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="of notebooks; all without")
    numbers = parser.parse_args().numbers
    notebooks = {path.name[:2]: path for path in NOTEBOOKS if not numbers or path.name[:2] in numbers}
    runs = [[], *([number] for number in notebooks)]
    if set(TOGETHER) <= notebooks.keys():
        runs.append([*TOGETHER])
    print("| ran | resident, MB | peak, MB | PSS, MB | loaded |\n|---|---|---|---|---|")
    results = {}
    for run in runs:
        name = " + ".join(run) or "nothing"
        resident, shared, peak, loaded = results[name] = measure([notebooks[number] for number in run])
        print(f"| {name} | {resident:.0f} | {peak:.0f} | {shared:.0f} | {', '.join(loaded)} |", flush=True)
    judge("A kernel that has run 01 to 04", results.get(" + ".join(TOGETHER)), 0, 150)
    judge("05 at its peak", results.get("05"), 2, 450)


def measure(notebooks):
    """Run notebooks in a new kernel, and return resident memory, PSS and peak in MB, and the libraries it loaded."""
    manager, client = start_new_kernel(kernel_name="python3", env=plain_environment())
    try:
        for path in notebooks:
            for cell in json.loads(path.read_text("utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    execute(client, "".join(cell["source"]), path.name)
        process = manager.provisioner.process.pid
        used = *memory(process), peak_memory(process)
        return *used, execute(client, "", "", f"[name for name in {LIBRARIES} if name in __import__('sys').modules]")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def execute(client, code, name, asked="None"):
    """Run a cell, and return the value of a Python expression after it."""
    how = {"output_hook": lambda message: None, "allow_stdin": False, "timeout": SECONDS_PER_CELL}
    reply = client.execute_interactive(code, user_expressions={"asked": asked}, **how)["content"]
    if reply["status"] != "ok":
        sys.exit(f"{name} failed: {reply['ename']}: {reply['evalue']}")
    return literal_eval(reply["user_expressions"]["asked"]["data"]["text/plain"])


def judge(what, result, column, target):
    """Say whether a target is met."""
    if result:
        met = "met" if result[column] < target else "missed"
        print(f"\n{what}: {result[column]:.0f} MB resident, target under {target} MB: {met}.")


if __name__ == "__main__":
    main()
