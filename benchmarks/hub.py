"""A JupyterHub on this machine, for the time of a benchmark."""

import asyncio
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from fair import plain_environment
from jupyterlab.commands import get_app_dir
from processes import Processes
from tornado.httpclient import AsyncHTTPClient
from tornado.netutil import bind_sockets

STOP_SECONDS = 40  # how long it may take to end its servers before they are ended by force
SETTINGS = """
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_port = {ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.authenticator_class = "shared-password"  # a dummy: who knows it gets in under any name; for loopback only
c.SharedPasswordAuthenticator.user_password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "jupyterhub.spawner.SimpleLocalProcessSpawner"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.environment = {environment!r}
c.Spawner.start_timeout = c.Spawner.http_timeout = 170  # the defaults, 60 and 30 s, are short for a class at once
"""


def check_requirements():
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("This benchmark reads memory and processor time from /proc: run it on Linux.")
    if not find_spec("jupyterhub"):
        sys.exit("JupyterHub is not installed: uv run --with jupyterhub python benchmarks/class_load.py")
    if not shutil.which("node"):
        sys.exit("The hub's proxy runs on Node.js: install node and npm (Debian: apt install npm), then try again.")


def find_proxy(folder):
    """Return the path of configurable-http-proxy: the installed one, or one installed into the folder."""
    if installed := shutil.which("configurable-http-proxy"):
        return installed
    if not shutil.which("npm"):
        sys.exit("The hub's proxy is missing: install npm, or configurable-http-proxy itself, then try again.")
    command = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "configurable-http-proxy@5"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed. Can npm reach its registry?\n{done.stdout}")
    return f"{folder}/node_modules/.bin/configurable-http-proxy"


class Hub:
    """A hub with its proxy, its students' servers and their kernels: all carry a mark in their environment."""

    def __init__(self, folder, proxy, notebook):
        self.folder, self.notebook, self.password = folder, notebook, uuid4().hex
        self.processes = Processes(f"CLASS_LOAD={uuid4().hex}")
        ports = free_ports(3)
        self.address = f"127.0.0.1:{ports[0]}"
        prefix = Path(get_app_dir()).parents[2]  # where JupyterLab is: under `uv run --with` not where Python is
        jupyter = {"JUPYTER_PATH": f"{prefix}/share/jupyter", "JUPYTER_CONFIG_PATH": f"{prefix}/etc/jupyter"}
        values = {"homes": str(folder), "python": sys.executable, "password": self.password, "proxy": proxy}
        mark = dict([self.processes.mark.split("=")])
        folder.mkdir()
        settings = folder / "settings.py"
        settings.write_text(SETTINGS.format(ports=ports, environment=jupyter | mark, **values), "utf-8")
        self._command = [sys.executable, "-m", "jupyterhub", "-f", str(settings)]
        self._environment = plain_environment() | mark

    def __enter__(self):
        with self.log.open("w") as log:
            streams = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL}
            self._hub = subprocess.Popen(
                self._command, cwd=self.folder, env=self._environment, start_new_session=True, **streams
            )
        return self

    @property
    def log(self):
        return self.folder / "hub.log"

    async def wait(self, seconds=30):
        """Wait until the hub answers through its proxy."""
        for _ in range(10 * seconds):
            with suppress(OSError):
                if (await self.fetch("GET", "hub/health", raise_error=False)).code == 200:
                    return
            if self._hub.poll() is not None:
                break
            await asyncio.sleep(0.1)
        raise RuntimeError(f"The hub did not start:\n{self.log.read_text('utf-8')}")

    def fetch(self, method, path, **how):
        """Ask the hub, or a student's server behind it."""
        body = None if method == "GET" else how.pop("body", "")
        how = {"request_timeout": 180, "follow_redirects": False, **how}
        return AsyncHTTPClient().fetch(f"http://{self.address}/{path}", method=method, body=body, **how)

    def __exit__(self, *_):
        impatient = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._hub.terminate()  # it ends its proxy and all servers, these end their kernels
        with suppress(subprocess.TimeoutExpired):
            self._hub.wait(STOP_SECONDS)
        stragglers = self.processes.end()
        self._hub.wait()
        left = len(self.processes.all())
        print(f"  stopped; had to be ended one by one: {stragglers}; processes left behind: {left}", flush=True)
        signal.signal(signal.SIGINT, impatient)


def free_ports(count):
    """Return ports of loopback that are free."""
    probes = [bind_sockets(0, "127.0.0.1")[0] for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
