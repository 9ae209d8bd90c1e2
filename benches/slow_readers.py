#!/usr/bin/env python3
"""How long a feed takes alone and beside slow connections: half of them never finish asking, half ask for a large document
and read one byte of it a second.

Run `crieur serve`, then: benches/slow_readers.py http://127.0.0.1:8080/atom.xml [slow connections] [requests] [large document]
The large document is the feed itself unless a path is given. All figures come from one run, so their ratios say more than
any of them. Not for CI: it measures the machine too.
"""

import os
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
slow, requests = int((sys.argv[2:] or ["1000"])[0]), int((sys.argv[3:] or ["2000"])[0])
large = (sys.argv[4:] or [url.path])[0]
place = (url.hostname, url.port or 80)


def question(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode()


def ask(path: str) -> bytes:
    with socket.create_connection(place) as stream:
        stream.sendall(question(path))
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:80]
    return answer


def timed() -> float:
    began = time.perf_counter()
    ask(url.path)
    return (time.perf_counter() - began) * 1000


def measure() -> tuple[float, float, float]:
    times = sorted(timed() for _ in range(requests))
    return times[len(times) // 2], times[len(times) * 99 // 100], times[-1]


def slow_head() -> socket.socket:
    stream = socket.create_connection(place)
    stream.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    return stream


def slow_reader() -> socket.socket:
    stream = socket.socket()
    # before it connects: what the system takes in our stead is as little as it allows
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    stream.connect(place)
    stream.sendall(question(large))
    return stream


def goes_on(stream: socket.socket, is_reader: bool) -> bool:
    """One byte more; whether the other side still bears with it."""
    try:
        if not is_reader:
            stream.sendall(b"X")
            return True
        stream.setblocking(False)
        return stream.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def trickle(stop: threading.Event) -> None:
    """Keeps the number up: who is cut off comes again."""
    global again
    groups: list[list[socket.socket]] = [[], []]
    while not stop.is_set():
        for is_reader, streams in enumerate(groups):
            gone = [stream for stream in streams if not goes_on(stream, bool(is_reader))]
            for stream in gone:
                streams.remove(stream)
                stream.close()
            again += len(gone)
            while len(streams) < slow // 2 and not stop.is_set():
                streams.append(slow_reader() if is_reader else slow_head())
        ready.set()
        stop.wait(1)


again = 0
print(f"feed {len(ask(url.path))} bytes, large document {len(ask(large))} bytes, load {os.getloadavg()[0]:.1f}")
alone = measure()
stop, ready = threading.Event(), threading.Event()
thread = threading.Thread(target=trickle, args=[stop], daemon=True)
thread.start()
ready.wait()
began = time.perf_counter()
beside = measure()
took = time.perf_counter() - began
stop.set()
thread.join()
for name, one, other in zip(("p50", "p99", "longest"), alone, beside):
    print(f"{name}: {one:.2f} ms alone, {other:.2f} ms beside {slow} slow connections, ratio {other / one:.2f}")
print(f"{requests} requests beside them in {took:.1f} s, {again} slow ones cut off meanwhile, load {os.getloadavg()[0]:.1f}")
