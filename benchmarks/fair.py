"""What the benchmarks share: a start without the settings of one machine, and rivals that take turns."""

import os
import subprocess
import sys
from statistics import median
from time import perf_counter

# NumPy's BLAS reads these when it is loaded; a reader's machine has none of them.
OVERRIDES = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}


def plain_environment():
    """Return the environment without the overrides."""
    return {name: value for name, value in os.environ.items() if name not in OVERRIDES}


def start_again_without_overrides():
    """Run the same command again in the plain environment, if this one is not plain, and end with its exit code."""
    if found := OVERRIDES & os.environ.keys():
        print("Started again without", " and ".join(sorted(found)), flush=True)
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=plain_environment()).returncode)


def take_turns(rivals, turns):
    """Return each rival's times in milliseconds over rounds in which all take a turn, so that load slows all alike."""
    times = {name: [] for name in rivals}
    for _ in range(turns):
        for name, run in rivals.items():
            start = perf_counter()
            run()
            times[name].append(1000 * (perf_counter() - start))
    return times


def print_times(title, times):
    """Print the median and the range of each rival's times."""
    print(f"\n{title}")
    for name, taken in times.items():
        print(f"  {name:<40}{median(taken):8.3f} ms   ({min(taken):.3f} to {max(taken):.3f})")
