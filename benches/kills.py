"""Kills a sending crieur again and again (kill -9), and counts who got how many mails.

    python kills.py CRIEUR [--readers 10000] [--kills 1000] [--connections 4] [--on-doubt resend|hold] [--seed 1]

The relay is a sink in this process: it notes each message at its final dot, before it answers. In the end crieur runs until
nothing is left. Fails if somebody is lost, gets more copies than promised, or there are more doubts than connections were
open. Nothing besides Python and a built binary is needed.
"""

import argparse
import asyncio
import collections
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import time

MONDAY = "2019-04-08T12:00:00+02:00"
HERE = pathlib.Path(__file__).resolve().parent.parent


class Sink:
    """Takes every mail; who got it is noted before anybody is told."""

    def __init__(self):
        self.got = collections.Counter()
        self.ids = collections.defaultdict(set)
        self.total = 0
        self.open = 0
        self.most_open = 0
        self.wanted = None

    async def serve(self, reader, writer):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def talk(self, reader, writer):
        async def say(text):
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        await say("220 sink")
        to = None
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                to = line.split(b"<")[1].split(b">")[0].decode()
                await say("250 fine")
            elif verb == b"DATA":
                await say("354 go on")
                message = await reader.readuntil(b"\r\n.\r\n")
                self.note(to, message)
                await say("250 taken")
            elif verb == b"QUIT":
                await say("221 bye")
                return
            else:
                await say("250 fine")

    def note(self, to, message):
        self.got[to] += 1
        self.total += 1
        head = message.split(b"\r\n\r\n", 1)[0]
        self.ids[to].add(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id")))
        if self.wanted and self.total >= self.wanted[0]:
            self.wanted[1].set()


async def run(arguments, *more, stdin=None):
    pipe = asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *arguments, *more, stdin=pipe, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    if stdin:
        process.stdin.write(stdin)
        process.stdin.close()
    return process


async def kill_once(crieur, sink, choice):
    """Starts a send and kills it after some mails, or after some time whether there were any or not."""
    mails, seconds = choice.expovariate(1 / 8), choice.expovariate(1 / 2)
    reached = asyncio.Event()
    sink.wanted = (sink.total + 1 + int(mails), reached)
    process = await run(crieur, "send", "--at", MONDAY)
    waits = [asyncio.create_task(reached.wait()), asyncio.create_task(process.wait())]
    await asyncio.wait(waits, timeout=30 if choice.random() < 0.9 else seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    if process.returncode is None:
        process.kill()
    await process.wait()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--on-doubt", default="resend", choices=["resend", "hold"])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    choice = random.Random(options.seed)
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    place = pathlib.Path(tempfile.mkdtemp())
    shutil.copytree(HERE / "content", place / "content")
    config = (HERE / "crieur.toml").read_text()
    config = config.replace("[[newsletter]]\n", f'[[newsletter]]\non_doubt = "{options.on_doubt}"\n', 1)
    config += f'\n[mail]\ntransport = "smtp"\nsmtp = {{ host = "127.0.0.1", port = {port} }}\nconnections = {options.connections}\n'
    (place / "crieur.toml").write_text(config)
    crieur = [options.binary, "--quiet", "--config", str(place / "crieur.toml")]
    readers = [f"reader{number}@example.org" for number in range(options.readers)]
    rows = "email\n" + "".join(f"{reader}\n" for reader in readers)
    importing = await run(crieur, "subscribers", "import", "-", "--consent-source", "a test", stdin=rows.encode())
    if await importing.wait():
        sys.exit("the readers could not be imported")
    started, killed = time.monotonic(), 0
    while killed < options.kills and len(sink.got) < options.readers:
        await kill_once(crieur, sink, choice)
        killed += 1
    sink.wanted = None
    while (code := await (await run(crieur, "send", "--at", MONDAY)).wait()) == 75 and sink.total < 10 * options.readers:
        await asyncio.sleep(1)
    states = collections.Counter(
        dict(sqlite3.connect(place / "state/crieur.db").execute("SELECT state, count(*) FROM delivery GROUP BY state"))
    )
    whole = sqlite3.connect(place / "state/crieur.db").execute("PRAGMA integrity_check").fetchone()[0]
    shutil.rmtree(place)
    copies = collections.Counter(sink.got.values())
    missing = options.readers - len(sink.got)
    print(f"{killed} kills in {time.monotonic() - started:.0f} s, last exit code {code}, state file {whole}")
    print(f"states {dict(states)}; copies {dict(sorted(copies.items()))}; without a mail {missing}")
    duplicates = sum(count - 1 for count in sink.got.values())
    print(f"{duplicates} second copies, at most {sink.most_open} connections at once")
    wrong = [
        what
        for what, holds in {
            "the ledger is total": sum(states.values()) == options.readers,
            "the state file is whole": whole == "ok",
            "who is sent has it": states["sent"] <= len(sink.got),
            "who has none is in doubt by name": missing <= states["doubt"],
            "nothing is left": not states.keys() - {"sent", "doubt"},
            "at most two copies": max(copies) <= (2 if options.on_doubt == "resend" else 1),
            "nobody is lost": options.on_doubt == "hold" or missing == 0 or missing <= states["doubt"],
            "doubts are bounded": max(duplicates, states["doubt"]) <= killed * options.connections,
            "copies have one Message-ID": all(len(ids) == 1 for ids in sink.ids.values()),
        }.items()
        if not holds
    ]
    print("\n".join(f"BROKEN: {what}" for what in wrong) or "all promises kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
