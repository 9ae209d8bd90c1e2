#!/usr/bin/env python3
"""What a long list of readers costs: taking it over, looking one up, freezing an issue for all, and what readers feel meanwhile.

benches/million.py target/release/crieur [readers, 100000 and 1000000 unless said]

Prints seconds, seconds of CPU, peak memory (VmHWM), and the ratio of the last column to the first. Needs 2 GB of disk below $TMPDIR. All
figures come from one run, so their ratios say more than any of them. Not for CI: it measures the machine too.
"""

import email
import email.policy
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

binary = Path(sys.argv[1]).resolve()
sizes = [int(size) for size in sys.argv[2:]] or [100_000, 1_000_000]
figures: dict[str, list[float]] = {}


def note(what: str, figure: float) -> None:
    figures.setdefault(what, []).append(figure)
    print(f"  {what}: {figure:.4g}", flush=True)


def peak(process: int) -> float:
    """In MB, since it began to run its program: what wait4 tells counts this script's own memory before that."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def run(what: str, folder: Path, *arguments: str, until_first_line: bool = False) -> None:
    """Notes how long a command takes, and the most memory it had."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen([binary, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    memory = [0.0]

    def watch() -> None:
        while child.returncode is None:
            try:
                memory.append(peak(child.pid))
            except (OSError, TypeError):
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    if until_first_line:
        child.stdout.readline()
        took = time.perf_counter() - began
        child.stdout.close()
    else:
        said = child.stdout.read()
        took = time.perf_counter() - began
    complaints = child.stderr.read()
    status = child.wait()
    watcher.join()
    assert status == 0 or until_first_line, (arguments, complaints[-500:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    note(f"{what}, s", took)
    note(f"{what}, s of CPU", used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime)
    note(f"{what}, peak MB", max(memory))
    if not until_first_line:
        print(f"    {said.decode().strip()[:100]}")


def write_list(path: Path, begin: int, end: int) -> None:
    with path.open("w") as out:
        out.write("email,name,lang\n")
        for number in range(begin, end):
            # in no order, as lists are
            scattered = number * 2_654_435_761 % 4_294_967_296
            out.write(f"reader.{scattered:x}@{'abcdefgh'[number % 8]}.example.org,Reader {number},fr\n")


def project(folder: Path, port: int) -> None:
    subprocess.run([binary, "init", "."], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "crieur.toml").write_text(f"""
[site]
title = "Many"
url = "https://example.org"
[content]
dir = "content"
[http]
listen = "127.0.0.1:{port}"
public_url = "https://example.org"
[mail]
from = "crieur@example.org"
[subscribe]
per_network = 1000000
per_hour = 1000000
[[newsletter]]
name = "news"
title = "News"
schedule = "0 9 * * MON"
approval = true
""")
    for number in range(3):
        post = folder / f"content/2026-01-0{number + 1}-post-{number}.md"
        post.write_text(f"---\ntitle: Post {number}\ndate: 2026-01-0{number + 1} 10:00:00 +0000\n---\nWords.\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(url: str, form: dict[str, str] | None = None) -> tuple[int, float, str]:
    data = urllib.parse.urlencode(form).encode() if form else None
    began = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=120) as answer:
        text = answer.read().decode()
        return answer.status, time.perf_counter() - began, text


def letter_to(folder: Path, address: str, patience: float = 120) -> str:
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        for mail in folder.glob("outbox/new/*"):
            message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
            if address in message["To"]:
                mail.unlink()
                return message.get_body(("plain",)).get_content()
        time.sleep(0.02)
    raise TimeoutError(address)


def quantile(of: list[float], share: float) -> float:
    return sorted(of)[min(len(of) - 1, int(len(of) * share))]


def signups(folder: Path, site: str, stop: threading.Event, asked: list[float], answered: list[float]) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        address = f"new{number}@sign-up.example.org"
        began = time.perf_counter()
        _, took, _ = ask(f"{site}/subscribe", {"email": address, "newsletter": "news", "lang": "fr", "page_lang": "fr"})
        asked.append(took)
        letter_to(folder, address)
        answered.append(time.perf_counter() - began)
        stop.wait(0.2)


def measure(readers: int) -> None:
    print(f"{readers} readers")
    folder, port = Path(tempfile.mkdtemp(prefix="crieur-many-")), free_port()
    project(folder, port)
    write_list(folder / "list.csv", 0, readers)
    write_list(folder / "more.csv", readers, 2 * readers)
    one = (folder / "list.csv").read_text().splitlines()[readers // 2].split(",")[0]
    run("import", folder, "subscribers", "import", "list.csv", "--consent-source", "bench")
    note("import, rows a second", readers / figures["import, s"][-1])
    run("the same again", folder, "subscribers", "import", "list.csv", "--consent-source", "bench")
    run("show one", folder, "subscribers", "show", one)
    run("first of list", folder, "subscribers", "list", until_first_line=True)
    run("whole list", folder, "subscribers", "export", "--out", "all.csv")
    run("status", folder, "status")
    run("freeze", folder, "send", "--at", "2026-01-05T09:00:00Z")

    site = f"http://127.0.0.1:{port}"
    log = (folder / "log").open("w")
    daemon = subprocess.Popen([binary, "serve"], cwd=folder, stdout=log, stderr=log)
    try:
        began = time.perf_counter()
        while True:
            try:
                ask(f"{site}/readyz")
                break
            except OSError:
                time.sleep(0.05)
        note("serve until ready, s", time.perf_counter() - began)
        ask(f"{site}/subscribe", {"email": one, "newsletter": "news", "lang": "fr", "page_lang": "fr"})
        path = re.search(r"/preferences/\S+", letter_to(folder, one))[0]
        times = [ask(site + path)[1] * 1000 for _ in range(60)]
        note("preferences of one, p50 ms", quantile(times, 0.5))
        note("preferences of one, p99 ms", quantile(times, 0.99))

        stop, asked, answered = threading.Event(), [], []
        beside = threading.Thread(target=signups, args=(folder, site, stop, asked, answered))
        beside.start()
        run("import beside serve", folder, "subscribers", "import", "more.csv", "--consent-source", "bench")
        stop.set()
        beside.join()
        note("sign-ups meanwhile", len(answered))
        note("form answered, longest ms", max(asked) * 1000)
        note("letter written, p50 s", quantile(answered, 0.5))
        note("letter written, longest s", max(answered))
        note("serve, peak MB", peak(daemon.pid))
    finally:
        daemon.terminate()
        daemon.wait()
    note("state, MB", sum(file.stat().st_size for file in folder.glob("state/*")) / 1e6)
    run("erase one", folder, "subscribers", "erase", one)
    shutil.rmtree(folder)


for size in sizes:
    measure(size)
print(f"\n{'':32}" + "".join(f"{size:>12}" for size in sizes) + f"{'ratio':>9}")
for what, values in figures.items():
    print(f"{what:32}" + "".join(f"{value:12.4g}" for value in values) + f"{values[-1] / max(values[0], 1e-9):9.2f}")
