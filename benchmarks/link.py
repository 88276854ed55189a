"""A slow link on one machine: a TCP proxy that lets so many bytes a second pass and delivers them later."""

import asyncio
import re
import threading
import time
from urllib.parse import urlsplit


class Link:
    """A proxy on loopback between a browser and a server, in a thread of its own.

    Parameters
    ----------
    server : str
        Address of the server, such as "http://127.0.0.1:8888".
    text : str
        Delay each way and rate, such as "50ms,1.25MB/s". All connections of a direction share the rate.
    """

    def __init__(self, server, text):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)ms,(\d+(?:\.\d+)?)MB/s", text)
        if not match:
            raise ValueError(f'--link is {text!r}: give a delay each way and a rate, such as "50ms,1.25MB/s".')
        self.delay, self.rate = float(match[1]) / 1e3, float(match[2]) * 1e6
        self.slow = False  # the notebook may open fast
        self.carried = 0  # bytes towards the browser
        self._free = {"up": 0.0, "down": 0.0}  # when the last byte so far has left
        self._server = urlsplit(server)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._join, "127.0.0.1"), self._loop).result()
        self.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"

    async def _join(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        except ConnectionError:  # the server has ended, the page not yet
            return writer.close()
        await asyncio.gather(self._carry(reader, far_writer, "up"), self._carry(far_reader, writer, "down"))

    async def _carry(self, reader, writer, direction):
        queue = asyncio.Queue()
        delivery = asyncio.create_task(self._deliver(queue, writer))
        try:
            while data := await reader.read(8192):
                self.carried += len(data) * (direction == "down")
                if self.slow:
                    leaves = max(self._free[direction], time.monotonic()) + len(data) / self.rate
                    self._free[direction] = leaves
                    queue.put_nowait((data, leaves + self.delay))
                    await asyncio.sleep(leaves - time.monotonic())  # what cannot leave yet waits at its sender
                else:
                    queue.put_nowait((data, 0))
        except ConnectionError:
            pass
        queue.put_nowait((b"", 0))
        await delivery

    async def _deliver(self, queue, writer):
        try:
            while (entry := await queue.get())[0]:
                await asyncio.sleep(entry[1] - time.monotonic())
                writer.write(entry[0])
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()
