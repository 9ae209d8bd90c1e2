"""Lets newsboat read the feeds of a folder, each with a cache of its own, and compares what it keeps with what is there.

    apt-get install newsboat
    python check_newsboat.py FOLDER

Exit code 1 and a list of errors, or 0 and a count.
"""

import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile


def read(path):
    """The titles newsboat keeps of a feed, and what it logs of errors."""
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        (work / "config").write_text("")
        (work / "urls").write_text(f"file://{path.resolve()}\n")
        files = ["-C", work / "config", "-u", work / "urls", "-c", work / "cache", "-d", work / "log", "-l", "2"]
        subprocess.run(["newsboat", *files, "-x", "reload"], check=True, timeout=60, capture_output=True)
        log = (work / "log").read_text() if (work / "log").exists() else ""
        rows = sqlite3.connect(work / "cache").execute("SELECT title, url, pubDate FROM rss_item").fetchall()
    return rows, [line for line in log.splitlines() if re.search("USERERROR|CRITICAL|ERROR", line)]


def check(path):
    text = path.read_text()
    expected = len(re.findall("<item>|<entry>", text))
    rows, errors = read(path)
    if errors:
        raise ValueError(errors[0])
    if len(rows) != expected:
        raise ValueError(f"newsboat keeps {len(rows)} of {expected} items")
    for title, url, published in rows:
        if not title or not url.startswith("http") or not published:
            raise ValueError(f"an item without title, link or date: {title!r} {url!r}")
    return expected


def main(folder):
    feeds = [path for path in sorted(pathlib.Path(folder).rglob("*.xml"))]
    items, errors = 0, []
    for path in feeds:
        try:
            items += check(path)
        except Exception as error:  # whatever a client chokes on
            errors.append(f"{path}: {type(error).__name__}: {error}")
    for error in errors:
        print(error, file=sys.stderr)
    print(f"newsboat: {len(feeds)} feeds, {items} items, {len(errors)} errors")
    return 1 if errors or not feeds else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 2 else __doc__)
