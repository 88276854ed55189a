"""A student of `class_load.py`: sends what JupyterLab sends, and notes when pictures arrive."""

import asyncio
import json
import shutil
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode
from uuid import uuid4

from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

DRAG_SECONDS, CYCLE_SECONDS, MOVES_PER_SECOND = 2, 5, 10  # a cycle is a drag and a look
PATIENCE = 10  # seconds; a step without a picture after that is a failure
UNLOCK = "from klcourse.lessons import unlock_all; unlock_all()"
SLIDERS = {"IntSliderModel", "FloatSliderModel", "FloatLogSliderModel"}


class Student:
    """What one student's browser does, as far as the hub can tell."""

    def __init__(self, hub, number):
        self.hub, self.name, self.problem = hub, f"student-{number}", None
        self.sliders, self._next_slider_is_first = [], True  # of each explorer its first slider
        self._replies, self._on_the_way, self._waiting, self._busy = {}, {}, [], None
        self.steps, self.cell_errors, self.unanswered, self.ready_after, self.server_after = [], 0, 0, None, None

    async def within(self, seconds, work):
        """Do a part of the lesson, and keep what went wrong, if anything did."""
        try:
            await asyncio.wait_for(work, seconds)
        except Exception as error:
            self.problem = self.problem or f"{type(error).__name__} {error}"

    @property
    def failures(self):
        """How many things went wrong."""
        return bool(self.problem) + self.cell_errors + self.unanswered

    # --- from the log-in to a notebook that has run ---

    async def arrive(self):
        """Log in, start the server, and run the notebook."""
        start = time.monotonic()
        await self._log_in()
        await self._start_server()
        self.server_after = time.monotonic() - start
        name = self.hub.notebook.name
        notebook = json.loads((await self._ask("GET", f"user/{self.name}/api/contents/{name}")).body)["content"]
        await self._open_kernel(name)
        for code in [UNLOCK, *(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code")]:
            reply = await self._request("execute_request", {"code": code, "silent": False, "allow_stdin": False})
            self.cell_errors += reply["status"] != "ok"
        self.ready_after = time.monotonic() - start

    async def _log_in(self):
        """Fill in the log-in form as a browser does, then take a token for the requests to come."""
        cookies = SimpleCookie()
        form = {"username": self.name, "password": self.hub.password}
        for method in ("GET", "POST"):
            more = {"body": urlencode(form | {"_xsrf": cookies["_xsrf"].value})} if method == "POST" else {}
            page = await self.hub.fetch(method, "hub/login", headers=_as_header(cookies), raise_error=False, **more)
            for cookie in page.headers.get_list("Set-Cookie"):
                cookies.load(cookie)
        headers = _as_header(cookies) | {"X-XSRFToken": cookies["_xsrf"].value, "Content-Type": "application/json"}
        answer = await self.hub.fetch("POST", f"hub/api/users/{self.name}/tokens", headers=headers, body="{}")
        self._headers = {"Authorization": f"token {json.loads(answer.body)['token']}"}

    def _ask(self, method, path, **how):
        return self.hub.fetch(method, path, headers=self._headers, **how)

    async def _start_server(self):
        home = self.hub.folder / self.name
        home.mkdir()
        shutil.copy(self.hub.notebook, home)
        await self._ask("POST", f"hub/api/users/{self.name}/server")
        events = await self._ask("GET", f"hub/api/users/{self.name}/server/progress")  # ends when the server is ready
        if b'"ready": true' not in events.body:
            raise RuntimeError(f"the server did not start: {events.body.decode()[-300:]}")
        await self._ask("GET", f"user/{self.name}/lab")

    async def _open_kernel(self, name):
        wanted = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        answer = await self._ask("POST", f"user/{self.name}/api/sessions", body=json.dumps(wanted))
        kernel = json.loads(answer.body)["kernel"]["id"]
        self._session = uuid4().hex
        url = f"ws://{self.hub.address}/user/{self.name}/api/kernels/{kernel}/channels?session_id={self._session}"
        protocol = {"subprotocols": ["v1.kernel.websocket.jupyter.org"], "max_message_size": 2**26}
        self._socket = await websocket_connect(HTTPRequest(url, headers=self._headers), **protocol)
        self._listener = asyncio.create_task(self._listen())
        info = await self._request("kernel_info_request", {})
        self._subshell = {}  # JupyterLab moves sliders in a second thread of the kernel, if it offers one
        if "kernel subshells" in info.get("supported_features", []):
            reply = await self._request("create_subshell_request", {}, channel="control")
            self._subshell = {"subshell_id": reply["subshell_id"]}

    # --- messages ---

    def _send(self, kind, content, channel="shell", **header):
        message_id = uuid4().hex
        header |= {"msg_id": message_id, "msg_type": kind, "session": self._session, "username": "", "version": "5.2"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.write_message(serialize_msg_to_ws_v1(message, channel, _pack), binary=True)
        return message_id

    async def _request(self, kind, content, channel="shell"):
        reply = asyncio.get_running_loop().create_future()
        self._replies[self._send(kind, content, channel)] = reply
        return await reply

    async def _listen(self):
        while (message := await self._socket.read_message()) is not None:
            channel, (header, parent, _, content, *_) = deserialize_msg_from_ws_v1(message)
            kind, parent = json.loads(header)["msg_type"], json.loads(parent).get("msg_id")
            if channel != "iopub":
                if parent in self._replies:
                    self._replies.pop(parent).set_result(json.loads(content))
            elif kind == "comm_open":
                self._note_slider(json.loads(content))
            elif kind == "comm_msg" and b"<img" in content and b'"update"' in content:
                self._picture(parent)
            elif kind == "status" and parent == self._busy and b'"idle"' in content:
                self._idle(parent)
            elif kind == "status" and (b'"restarting"' in content or b'"dead"' in content):
                break
        self.problem = self.problem or "the kernel died, or the connection to it was lost"
        for reply in self._replies.values():
            reply.set_exception(ConnectionError(self.problem))

    def _note_slider(self, opened):
        state = opened["data"].get("state", {})
        if state.get("_model_name") in SLIDERS and self._next_slider_is_first:
            self.sliders.append((opened["comm_id"], state))
            self._next_slider_is_first = False

    def _picture(self, parent):
        self._next_slider_is_first = True  # an explorer makes its sliders, then its picture
        taken = [time.monotonic() - moved for moved in self._on_the_way.pop(parent, [])]
        self.steps += taken
        self.unanswered += sum(step > PATIENCE for step in taken)

    def _idle(self, parent):
        self.unanswered += len(self._on_the_way.pop(parent, []))
        self._busy = None
        if self._waiting:
            self._send_move()

    # --- sliders ---

    async def move_sliders(self, seconds, pause):
        """Drag a slider, look, drag the next; then wait for the last answers."""
        await asyncio.sleep(pause)
        start, count = time.monotonic(), DRAG_SECONDS * MOVES_PER_SECOND
        for drag in range(int(seconds / CYCLE_SECONDS)):
            comm, state = self.sliders[drag % len(self.sliders)]
            for move in range(count):
                place = start + drag * CYCLE_SECONDS + move / MOVES_PER_SECOND
                await asyncio.sleep(place - time.monotonic())
                self._move(comm, state, 0.1 + 0.8 * (move + 0.5) / count)
        until = time.monotonic() + PATIENCE
        while (self._busy or self._waiting) and time.monotonic() < until:
            await asyncio.sleep(0.1)
        self.unanswered += len(self._waiting) + sum(map(len, self._on_the_way.values()))

    def _move(self, comm, state, share):
        if self.problem:
            raise ConnectionError(self.problem)
        value = value_at(state, share)
        if value == state["value"]:
            return
        state["value"] = value
        self._newest = {"comm_id": comm, "data": {"method": "update", "state": {"value": value}, "buffer_paths": []}}
        self._waiting.append(time.monotonic())
        if not self._busy:
            self._send_move()

    def _send_move(self):
        self._busy = self._send("comm_msg", self._newest, **self._subshell)
        self._on_the_way[self._busy], self._waiting = self._waiting, []


def _as_header(cookies):
    return {"Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())}


def _pack(part):
    return json.dumps(part).encode()


def value_at(state, share):
    """Return the value of a slider that stands at a share of its track."""
    step = state["step"]
    value = round((state["max"] - state["min"]) * share / step) * step + state["min"]
    return state["base"] ** value if "base" in state else value
