"""What the benchmarks ask Linux about processes: whose they are, their memory, their processor time."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MEGABYTE = 2**20


class Processes:
    """All processes that carry a mark, a "NAME=value", in the environment that they were started with."""

    def __init__(self, mark):
        self.mark = mark

    def all(self):
        """Return the environment of each process by its id."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended, or belongs to somebody else
                variables = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
                if self.mark in variables:
                    found[int(folder.name)] = dict(pair.split("=", 1) for pair in variables if "=" in pair)
        return found

    def end(self, patience=5):
        """End those that still run, by force if need be, and return how many there were."""
        there = self.all()
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in self.all():
                with suppress(ProcessLookupError):
                    os.kill(process, how)
            until = time.monotonic() + patience
            while self.all() and time.monotonic() < until:
                time.sleep(0.1)
        return len(there)


def is_kernel(process):
    """Return whether a process is a notebook's kernel."""
    return b"ipykernel_launcher" in Path(f"/proc/{process}/cmdline").read_bytes()


def memory(*processes):
    """Return two sums in MB: what lies in memory, and the same with each shared page split among those who share it."""
    sums = {"Rss": 0, "Pss": 0}
    for process in processes:
        for name, value in _fields(f"/proc/{process}/smaps_rollup").items():
            if name in sums:
                sums[name] += value
    return sums["Rss"], sums["Pss"]


def peak_memory(process):
    """Return the most that a process has had in memory so far, in MB."""
    return _fields(f"/proc/{process}/status")["VmHWM"]


def available_memory():
    """Return how many MB the machine can still give."""
    return _fields("/proc/meminfo")["MemAvailable"]


def _fields(file):
    """Return the lines of a file that hold kilobytes, in MB, by their names."""
    lines = [line.split() for line in Path(file).read_text("utf-8").splitlines()]
    return {line[0].rstrip(":"): int(line[1]) * 1024 / MEGABYTE for line in lines if line[-1] == "kB"}


def processor_seconds(*processes):
    """Return how long processes have kept a processor busy."""
    ticks = 0
    for process in processes:
        after_name = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def busy_processor_seconds():
    """Return how long the machine's processors have been busy in all."""
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text("utf-8").split()[1:9]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")
