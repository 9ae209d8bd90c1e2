"""Shows that a send needs no more memory for more readers.

    python memory.py CRIEUR [FEW] [MANY]

Sends one issue to few (10,000) and to many (100,000) readers through a sink in this process, and prints the largest resident
size of each, as the kernel counted it, and their ratio. Fails where that is above 1.5. Nothing besides Python is needed.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from fsync_order import HERE, MONDAY, listen


def megabytes(binary, port, readers):
    place = pathlib.Path(tempfile.mkdtemp())
    shutil.copytree(HERE / "content", place / "content")
    mail = f'\n[mail]\ntransport = "smtp"\nsmtp = {{ host = "127.0.0.1", port = {port} }}\nconnections = 4\n'
    (place / "crieur.toml").write_text((HERE / "crieur.toml").read_text() + mail)
    crieur = [binary, "--quiet", "--config", str(place / "crieur.toml")]
    rows = "email\n" + "".join(f"reader{number}@{number % 500}.example.org\n" for number in range(readers))
    importing = [*crieur, "subscribers", "import", "-", "--consent-source", "a test"]
    subprocess.run(importing, input=rows.encode(), check=True, stdout=subprocess.DEVNULL)
    sending = subprocess.Popen([*crieur, "send", "--at", MONDAY], stdout=subprocess.PIPE)
    said = sending.stdout.read().decode()
    _, status, usage = os.wait4(sending.pid, 0)
    shutil.rmtree(place)
    if status or f"{readers} sent" not in said:
        sys.exit(f"not everybody was sent to: {said}")
    return usage.ru_maxrss / 1024


def main(binary, few=10_000, many=100_000):
    port = listen()
    small, large = megabytes(binary, port, few), megabytes(binary, port, many)
    print(f"{few} readers: {small:.0f} MB, {many} readers: {large:.0f} MB, ratio {large / small:.2f}")
    return 0 if large / small <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
