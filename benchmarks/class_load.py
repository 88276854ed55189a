"""How many students a hub holds: `uv run --with jupyterhub python benchmarks/class_load.py [2 5 10 20] [--seconds 60]`.

For each class size it starts a JupyterHub with its proxy on this machine, with folders and a database of its own. All
students log in at once, start a server, open the notebook and run it. When the last is ready they all move sliders: two
seconds of dragging, ten moves a second, three seconds of looking. A student is what JupyterLab is to a hub: the same
requests, and the same messages on one websocket through the proxy. A step lasts from the move until the picture that
follows from it has arrived. Like JupyterLab a student sends the next move when the kernel has finished the last one,
and merges the moves in between; the time they wait counts. Not in it: a browser's own work and files, and a network.

It needs Linux, node and npm, and takes the proxy from npm if there is none. Nothing else should run on the machine. A
class takes at most six minutes, and leaves no process behind.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hub import Hub, check_requirements, find_proxy
from processes import available_memory, busy_processor_seconds, is_kernel, memory, processor_seconds
from student import CYCLE_SECONDS, PATIENCE, Student
from tornado.httpclient import AsyncHTTPClient

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "01_discrete_kl.ipynb"
READY_SECONDS = 180  # a student who has not run the notebook by then could not work
GOOD_STEP = 200  # milliseconds, for 95 % of the steps: above it a drag feels slow


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[2, 5, 10, 20], help="students at once")
    parser.add_argument("--seconds", type=float, default=60, help="how long sliders are moved")
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK)
    options = parser.parse_args()
    check_requirements()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # tidy up as after Ctrl-C
    rows = []
    try:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            proxy = find_proxy(folder)
            for size in options.sizes:
                with Hub(Path(folder) / f"class of {size}", proxy, options.notebook) as hub:
                    rows.append(asyncio.run(teach(hub, size, options.seconds)))
    except KeyboardInterrupt:
        sys.exit("Stopped before the end.")
    finally:
        print_report(rows)


# --- a lesson -----------------------------------------------------------------------------------------------------


async def teach(hub, size, seconds):
    """Let a class come and work, and return its row of the report."""
    AsyncHTTPClient.configure(None, max_clients=10 * size)
    print(f"A class of {size} …", flush=True)
    await hub.wait()
    students = [Student(hub, number) for number in range(1, size + 1)]
    free = [available_memory()]
    watch = asyncio.create_task(watch_memory(free))
    await asyncio.gather(*(student.within(READY_SECONDS, student.arrive()) for student in students))
    load, before = os.getloadavg()[0], Usage(hub)
    patience = seconds + CYCLE_SECONDS + 2 * PATIENCE
    pauses = np.linspace(0, CYCLE_SECONDS, size, endpoint=False)
    working = [(student, pause) for student, pause in zip(students, pauses, strict=True) if not student.problem]
    await asyncio.gather(
        *(student.within(patience, student.move_sliders(seconds, pause)) for student, pause in working)
    )
    after = Usage(hub)
    watch.cancel()
    tell_failures(hub, students)
    return {
        "students": size,
        **seen(students),
        **cost(before, after, seconds, size),
        "machine's memory a student, MB": round((free[0] - min(free)) / size),
        "still available, MB": round(min(free)),
        "load when all were ready": load,
    }


async def watch_memory(free):
    """Note again and again how much memory the machine can still give."""
    while True:
        free.append(available_memory())
        await asyncio.sleep(0.5)


class Usage:
    """Memory and processor seconds at one moment: of every student's server and kernel, the hub, this client."""

    def __init__(self, hub):
        self.memory, self.busy = {}, {"machine": busy_processor_seconds(), "client": time.process_time()}
        self.time = time.monotonic()
        for process, environment in hub.processes.all().items():
            with suppress(OSError):  # it has just ended
                owner = environment.get("JUPYTERHUB_USER", "")
                part = ("kernel" if is_kernel(process) else "server") if owner else "hub + proxy"
                self.memory.setdefault(part, {}).setdefault(owner, []).append(memory(process))
                self.busy[part] = self.busy.get(part, 0) + processor_seconds(process)


# --- the report ---------------------------------------------------------------------------------------------------


def tell_failures(hub, students):
    """Say what went wrong, with what the hub noted last if a student could not work."""
    for student in students:
        if student.failures:
            print(f"  {student.name}: {student.problem or 'worked'}, cells with errors: {student.cell_errors}, "
                  f"moves without a picture within {PATIENCE} s: {student.unanswered}")  # fmt: skip
    if any(student.problem for student in students):
        print(hub.log.read_text("utf-8")[-3000:])


def seen(students):
    """What the class saw."""
    steps = np.array([1e3 * step for student in students for step in student.steps] or [np.inf])
    return {
        "failures": sum(student.failures for student in students),
        "server there, s": _median_and_max([student.server_after for student in students]),
        "notebook has run, s": _median_and_max([student.ready_after for student in students]),
        "steps": np.isfinite(steps).sum(),
        "step, ms: median": np.median(steps),
        "p95": np.quantile(steps, 0.95),
        "max": steps.max(),
    }


def _median_and_max(times):
    times = [time for time in times if time] or [np.inf]
    return f"{np.median(times):.1f}, {max(times):.1f}"


def cost(before, after, seconds, size):
    """What it cost: memory when all was done, and processor time while sliders moved."""
    used = {part: after.busy[part] - before.busy.get(part, 0) for part in after.busy}
    memory = {f"{part}, MB": _shared_and_resident(owners.values()) for part, owners in sorted(after.memory.items())}
    passed, minutes = after.time - before.time, seconds / 60
    return memory | {
        "processor s a student's minute: kernel": used.get("kernel", 0) / size / minutes,
        "server": used.get("server", 0) / size / minutes,
        "hub + proxy": used["hub + proxy"] / size / minutes,
        "processors busy": f"{used['machine'] / passed / os.cpu_count():.0%}",
        "this client, of one": f"{used['client'] / passed:.0%}",
    }


def _shared_and_resident(owners):
    resident, shared = np.median([np.sum(processes, axis=0) for processes in owners], axis=0)
    return f"{shared:.0f} ({resident:.0f})"


def print_report(rows):
    """Print what the classes saw, what they cost, and which was the first that did not work well."""
    if not rows:
        return
    columns = sorted({column: 0 for row in rows for column in row}, key=list(max(rows, key=len)).index)
    here = columns.index("max") + 1
    print_table("What the class sees (times: median, max; a step: from the move to its picture)", columns[:here], rows)
    note = "memory a student: median PSS, in brackets RSS"
    print_table(f"What it costs while sliders move ({note})", ["students", *columns[here:]], rows)
    slow = [row for row in rows if row["failures"] or row["p95"] > GOOD_STEP]
    print(f"\nFirst class with a failure or a p95 above {GOOD_STEP} ms: {slow[0]['students'] if slow else 'none'}.")
    last = (slow or rows[-1:])[0]
    print(f"With {last['students']} students the processors were busy for {last['processors busy']} of the time, "
          f"and {last['still available, MB']:,} MB of memory were left.")  # fmt: skip


def print_table(title, columns, rows):
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        cells = [row.get(column, "–") for column in columns]
        print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else f"{cell}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
