#!/usr/bin/env python3
"""How long the form to subscribe takes to answer, by what is known of the address (FAULTS G7).

    benches/same_time.py CRIEUR [REQUESTS]

Starts CRIEUR in a folder of its own, signs up REQUESTS times (1,000) each an address that is new, waits for its
confirmation, is a reader's, is that of somebody who left, and is suppressed, in an order that is shuffled with a seed, each
over a connection of its own. Prints the median and the 95th percentile of each, and how far the medians are apart.
"""

import http.client
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

CONFIG = """
[site]
title = "Same time"
url = "http://127.0.0.1"
language = "fr"
timezone = "Europe/Paris"
[content]
dir = "content"
[[newsletter]]
name = "news"
title = "News"
schedule = "0 9 * * MON"
[mail]
from = "news@example.org"
[subscribe]
per_hour = 1000000
[http]
listen = "127.0.0.1:0"
"""


def main():
    crieur = str(pathlib.Path(sys.argv[1]).resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "content").mkdir()
        (root / "content" / "2026-01-02-one.md").write_text("---\ntitle: One\ndate: 2026-01-02\n---\nText.\n")
        (root / "crieur.toml").write_text(CONFIG)

        def run(*arguments):
            subprocess.run([crieur, "-q", *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL)

        for name in ("reader", "left", "suppressed"):
            run("subscribers", "add", f"{name}@example.org")
        run("subscribers", "unsubscribe", "left@example.org")
        run("subscribers", "erase", "--objected", "suppressed@example.org")
        daemon = subprocess.Popen([crieur, "-q", "serve"], cwd=root, stdout=subprocess.PIPE, text=True)
        try:
            measure(urllib.parse.urlsplit(daemon.stdout.readline().strip()), rounds)
        finally:
            daemon.terminate()
            daemon.wait()


def measure(address, rounds):
    ask(address, "pending@example.org")
    kinds = ["new", "pending", "reader", "left", "suppressed"]
    times = {kind: [] for kind in kinds}
    order = kinds * rounds
    random.Random(7).shuffle(order)
    for number, kind in enumerate(order):
        email = f"new{number}@example.org" if kind == "new" else f"{kind}@example.org"
        times[kind].append(ask(address, email))
        # others need the machine as well, and what is answered has to be carried out
        time.sleep(0.005)
    medians = {}
    for kind, all_of_it in times.items():
        all_of_it.sort()
        medians[kind] = statistics.median(all_of_it)
        print(f"{kind:<12}p50 {medians[kind] * 1000:7.2f} ms   p95 {all_of_it[len(all_of_it) * 95 // 100] * 1000:7.2f} ms")
    apart = max(medians.values()) - min(medians.values())
    ratio = max(medians.values()) / min(medians.values())
    print(f"medians are {apart * 1000:.2f} ms apart (ratio {ratio:.3f}), over {rounds} requests each")


def ask(address, email):
    body = urllib.parse.urlencode({"page_lang": "fr", "lang": "fr", "newsletter": "news", "email": email})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    while True:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        began = time.perf_counter()
        connection.request("POST", "/subscribe", body, headers)
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        connection.close()
        if answer.status == 200:
            return took
        if answer.status != 503:
            sys.exit(f"{answer.status} for {email}")
        time.sleep(1)


main()
