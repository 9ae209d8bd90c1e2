"""Proves from a trace that `sending` is on the disk before a message is handed over.

    python fsync_order.py CRIEUR [READERS]

Runs a send over one connection under strace and reads the order of its system calls: between each RCPT and the final dot of its
message the write-ahead log of the state was written and fsync or fdatasync returned. Needs strace.
"""

import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

MONDAY = "2019-04-08T12:00:00+02:00"
HERE = pathlib.Path(__file__).resolve().parent.parent


def talk(connection):
    stream = connection.makefile("rwb")

    def say(text):
        stream.write(text + b"\r\n")
        stream.flush()

    say(b"220 sink")
    for line in stream:
        verb = line[:4].upper()
        if verb == b"DATA":
            say(b"354 go on")
            for line in stream:
                if line == b".\r\n":
                    break
        say(b"221 bye" if verb == b"QUIT" else b"250 fine")


def listen():
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def calls(trace):
    """System calls in the order in which they began, those of interest only; an fsync or fdatasync where it ended well."""
    for line in trace.read_text(errors="replace").splitlines():
        if "RCPT TO:" in line and re.search(r"\b(sendto|write|send)\(", line):
            yield "RCPT"
        elif re.search(r"\b(sendto|write|writev|send)\(.*(\\r\\n\.\\r\\n|\"\.\\r\\n\")", line):
            yield "DOT"
        elif re.search(r"f(data)?sync(\(|.*resumed).*= 0$", line):
            yield "SYNC"


def main(binary, readers=20):
    place = pathlib.Path(tempfile.mkdtemp())
    shutil.copytree(HERE / "content", place / "content")
    mail = f'\n[mail]\ntransport = "smtp"\nsmtp = {{ host = "127.0.0.1", port = {listen()} }}\nconnections = 1\n'
    (place / "crieur.toml").write_text((HERE / "crieur.toml").read_text() + mail)
    crieur = [binary, "--quiet", "--config", str(place / "crieur.toml")]
    rows = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(readers))
    subprocess.run([*crieur, "subscribers", "import", "-", "--consent-source", "a test"], input=rows.encode(), check=True, stdout=subprocess.DEVNULL)
    trace = place / "trace"
    strace = ["strace", "-f", "-s", "100000", "-o", str(trace), "-e", "trace=sendto,write,writev,fdatasync,fsync"]
    subprocess.run([*strace, *crieur, "send", "--at", MONDAY], check=True, stdout=subprocess.DEVNULL)
    order = list(calls(trace))
    dots, early, synced = 0, 0, False
    for call in order:
        if call == "RCPT":
            synced = False
        elif call == "SYNC":
            synced = True
        else:
            dots += 1
            early += not synced
    shutil.rmtree(place)
    print(f"{dots} final dots, {order.count('SYNC')} syncs, {early} dots without one since their RCPT")
    return 0 if dots == readers and early == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
