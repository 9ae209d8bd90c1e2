"""Reads a folder of published documents with other people's software and fails on the first thing that is wrong.

    pip install feedparser icalendar vobject recurring-ical-events
    python check.py FOLDER [expected.json]

Whatever ends in .xml, .json, .opml or .ics below FOLDER is read, and its events compared with what is expected, if that is
given. Exit code 1 and a list of errors, or 0 and a count.
"""

import datetime
import json
import pathlib
import sys
import urllib.parse
import xml.dom.minidom

import feedparser

import calendars


def absolute(url, what):
    """The address, if it is one a client can open from anywhere."""
    if urllib.parse.urlsplit(url or "").scheme not in ("http", "https", "mailto", "tel", "ftp"):
        raise ValueError(f"{what} is no absolute address: {url!r}")
    return url


def unique(values, what):
    values = list(values)
    for value in values:
        if not value or values.count(value) > 1:
            raise ValueError(f"{what} is empty or stands twice: {value!r}")


def check_feed(data):
    xml.dom.minidom.parseString(data)  # expat: strict about characters and well-formedness
    feed = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
    if feed.bozo:
        raise ValueError(f"feedparser: {feed.bozo_exception}")
    if feed.version not in ("rss20", "atom10"):
        raise ValueError(f"feedparser takes it for {feed.version!r}")
    absolute(feed.feed.get("link"), "the link of the feed")
    links = [link for link in feed.feed.links if link.rel == "self"]
    if len(links) != 1:
        raise ValueError(f"{len(links)} self links")
    unique((entry.get("id") for entry in feed.entries), "an id")
    for entry in feed.entries:
        absolute(entry.get("link"), f"the link of {entry.id}")
        if not entry.get("title") or not entry.get("published_parsed"):
            raise ValueError(f"{entry.id} has no title or no date")
        for enclosure in entry.get("enclosures", []):
            absolute(enclosure.get("href"), f"an enclosure of {entry.id}")
            if "/" not in enclosure.get("type", ""):
                raise ValueError(f"an enclosure of {entry.id} has no type")
        if len(entry.get("enclosures", [])) > 1 and feed.version == "rss20":
            raise ValueError(f"{entry.id} has more than one enclosure")
    return len(feed.entries)


def check_opml(data):
    document = xml.dom.minidom.parseString(data)
    outlines = document.getElementsByTagName("outline")
    for outline in outlines:
        absolute(outline.getAttribute("xmlUrl"), "an outline")
        if not outline.getAttribute("text"):
            raise ValueError("an outline has no text")
    unique((outline.getAttribute("xmlUrl") for outline in outlines), "an outline's address")
    return len(outlines)


def check_json(data):
    feed = json.loads(data)
    if feed["version"] != "https://jsonfeed.org/version/1.1":
        raise ValueError(f"version {feed['version']!r}")
    absolute(feed["feed_url"], "feed_url")
    unique((item["id"] for item in feed["items"]), "an id")
    for item in feed["items"]:
        absolute(item["url"], f"the url of {item['id']}")
        for key in ("date_published", "date_modified"):
            datetime.datetime.fromisoformat(item[key])
        if "content_html" not in item and "content_text" not in item:
            raise ValueError(f"{item['id']} has no content")
    return len(feed["items"])


CHECKS = {".xml": check_feed, ".opml": check_opml, ".json": check_json, ".ics": calendars.check}


def main(folder, expected=None):
    documents = items = 0
    errors = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        check = CHECKS.get(path.suffix)
        if check is None or not path.is_file():
            continue
        documents += 1
        try:
            items += check(path.read_bytes())
        except Exception as error:  # whatever a client chokes on
            errors.append(f"{path}: {type(error).__name__}: {error}")
    if expected:
        try:
            print(f"{calendars.compare(folder, expected)} events are as expected")
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    for error in errors:
        print(error, file=sys.stderr)
    if not documents:
        print(f"{folder}: nothing to read", file=sys.stderr)
    print(f"{documents} documents, {items} items, {len(errors)} errors")
    return 1 if errors or not documents else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (2, 3) else __doc__)
