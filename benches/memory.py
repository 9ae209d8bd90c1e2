"""Shows that a send needs no more memory for more readers.

    python memory.py CRIEUR [--few N] [--many N] [--domains N] [--domain-rate N] [--sorted]

Sends one issue to few (100,000) and to many (300,000) readers through a sink in this process, and prints the largest resident
size of each and the CPU a mail, as the kernel counted them, and their ratios. The readers are at so many domains (500) that
come one after the other in the list or, with --sorted, each in one piece, with so many mails a minute to each (any number).
Below 100,000 the store has not filled its cache of 32 MB. Fails where the ratio of the sizes is above 1.5. Nothing besides Python is needed.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from fsync_order import HERE, MONDAY, listen


def send(binary, port, readers, options):
    place = pathlib.Path(tempfile.mkdtemp())
    shutil.copytree(HERE / "content", place / "content")
    mail = f'\n[mail]\ntransport = "smtp"\nsmtp = {{ host = "127.0.0.1", port = {port} }}\nconnections = 4\n'
    if options.domain_rate:
        mail += f"domain_rate = {options.domain_rate}\n"
    (place / "crieur.toml").write_text((HERE / "crieur.toml").read_text() + mail)
    crieur = [binary, "--quiet", "--config", str(place / "crieur.toml")]
    each = -(-readers // options.domains)
    domain = lambda number: number // each if options.sorted else number % options.domains
    rows = "email\n" + "".join(f"reader{number}@{domain(number)}.example.org\n" for number in range(readers))
    importing = [*crieur, "subscribers", "import", "-", "--consent-source", "a test"]
    subprocess.run(importing, input=rows.encode(), check=True, stdout=subprocess.DEVNULL)
    sending = subprocess.Popen([*crieur, "send", "--at", MONDAY], stdout=subprocess.PIPE)
    said = sending.stdout.read().decode()
    _, status, usage = os.wait4(sending.pid, 0)
    shutil.rmtree(place)
    if status or f"{readers} sent" not in said:
        sys.exit(f"not everybody was sent to: {said}")
    return usage.ru_maxrss / 1024, (usage.ru_utime + usage.ru_stime) * 1000 / readers


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--few", type=int, default=100_000)
    arguments.add_argument("--many", type=int, default=300_000)
    arguments.add_argument("--domains", type=int, default=500)
    arguments.add_argument("--domain-rate", type=int)
    arguments.add_argument("--sorted", action="store_true")
    options = arguments.parse_args()
    port = listen()
    few, many = (send(options.binary, port, readers, options) for readers in (options.few, options.many))
    for readers, (size, time) in ((options.few, few), (options.many, many)):
        print(f"{readers} readers: {size:.0f} MB, {time:.2f} ms of CPU a mail")
    print(f"ratios: {many[0] / few[0]:.2f} in size, {many[1] / few[1]:.2f} in CPU a mail")
    return 0 if many[0] / few[0] <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
