#!/usr/bin/env python3
"""How long a feed takes alone and beside connections that never finish asking.

Run `crieur serve`, then: benches/slow_readers.py http://127.0.0.1:8080/atom.xml [slow connections] [requests]
Both figures come from one run, so their ratio says more than either. Not for CI: it measures the machine too.
"""

import socket
import sys
import threading
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
slow, requests = int((sys.argv[2:] or ["1000"])[0]), int((sys.argv[3:] or ["2000"])[0])
place = (url.hostname, url.port or 80)
question = f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode()


def ask() -> float:
    began = time.perf_counter()
    with socket.create_connection(place) as stream:
        stream.sendall(question)
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:80]
    return (time.perf_counter() - began) * 1000


def measure() -> tuple[float, float]:
    times = sorted(ask() for _ in range(requests))
    return times[len(times) // 2], times[len(times) * 99 // 100]


def trickle(stop: threading.Event) -> None:
    """Keeps the number up: who is cut off comes again."""
    streams: list[socket.socket] = []
    while not stop.is_set():
        for stream in list(streams):
            try:
                stream.sendall(b"X")
            except OSError:
                streams.remove(stream)
        while len(streams) < slow and not stop.is_set():
            stream = socket.create_connection(place)
            stream.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
            streams.append(stream)
        ready.set()
        stop.wait(1)


alone = measure()
stop, ready = threading.Event(), threading.Event()
thread = threading.Thread(target=trickle, args=[stop], daemon=True)
thread.start()
ready.wait()
beside = measure()
stop.set()
thread.join()
for name, one, other in zip(("p50", "p99"), alone, beside):
    print(f"{name}: {one:.2f} ms alone, {other:.2f} ms beside {slow} slow connections, ratio {other / one:.2f}")
