"""Reads a folder of published documents with other people's software and fails on the first thing that is wrong.

    pip install feedparser icalendar jsonfeed-util vobject recurring-ical-events
    python check.py FOLDER [expected.json]

Whatever ends in .xml, .json, .opml or .ics below FOLDER is read, and its events compared with what is expected, if that is
given. Exit code 1 and a list of errors, or 0 and a count.
"""

import datetime
import json
import pathlib
import re
import sys
import urllib.parse
import xml.dom.minidom

import feedparser
import jsonfeed

import calendars


def absolute(url, what):
    """The address, if it is one a client can open from anywhere."""
    if urllib.parse.urlsplit(url or "").scheme not in ("http", "https", "mailto", "tel", "ftp"):
        raise ValueError(f"{what} is no absolute address: {url!r}")
    return url


# what the W3C feed validator asks of addresses (RFC 3986 §2) and media types (RFC 2045 §5.1)
ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(//)?[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%\u0080-\U0010ffff]*")
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
HISTORY = "http://purl.org/syndication/history/1.0"


def strict(url, what):
    if not ADDRESS.fullmatch(url):
        raise ValueError(f"{what} is no address by RFC 3986: {url!r}")


def unique(values, what):
    values = list(values)
    for value in values:
        if not value or values.count(value) > 1:
            raise ValueError(f"{what} is empty or stands twice: {value!r}")


def children(element, name):
    return [child for child in element.childNodes if child.nodeName == name]


def check_rss_rules(document):
    """Errors and warnings of the W3C feed validator that feedparser keeps to itself."""
    channel = document.getElementsByTagName("channel")[0]
    for name in ("title", "link", "description"):
        element = children(channel, name)
        if len(element) != 1 or not element[0].firstChild:
            raise ValueError(f"the channel has no {name}, or an empty one")
    for item in document.getElementsByTagName("item"):
        names = [child.nodeName for child in item.childNodes]
        for name in ("title", "link", "description", "enclosure", "guid", "pubDate", "content:encoded"):
            if names.count(name) > 1:
                raise ValueError(f"an item has two {name}")
        if "content:encoded" in names and "description" not in names[: names.index("content:encoded")]:
            raise ValueError("content:encoded without a description before it")
        if "author" in names and "dc:creator" in names:
            raise ValueError("an item has both author and dc:creator")
        guid = children(item, "guid")[0]
        if guid.getAttribute("isPermaLink") != "false" and guid.firstChild.data != children(item, "link")[0].firstChild.data:
            raise ValueError(f"{guid.firstChild.data} says it is a permalink")
        for enclosure in children(item, "enclosure"):
            if int(enclosure.getAttribute("length")) < 0 or not enclosure.getAttribute("url").startswith("http"):
                raise ValueError("an enclosure without a length, or not over http")


def check_atom_rules(document):
    feed = document.documentElement
    if not children(feed, "author") or not feed.getAttribute("xml:lang"):
        raise ValueError("the feed has no author or no language")
    for entry in children(feed, "entry"):
        if not children(entry, "author") or len(children(entry, "content")) > 1:
            raise ValueError("an entry has no author, or two contents")
        pages = [(link.getAttribute("type"), link.getAttribute("hreflang"))
                 for link in children(entry, "link") if link.getAttribute("rel") == "alternate"]
        unique((str(page) for page in pages), "an alternate of an entry (RFC 4287 §4.1.1)")
    links = {link.getAttribute("rel"): link.getAttribute("href") for link in children(feed, "link")}
    is_archive = bool(feed.getElementsByTagNameNS(HISTORY, "archive"))
    if is_archive != ("current" in links) or (is_archive and links["self"] == links["current"]):
        raise ValueError("an archive leads to its live feed, and nothing else does (RFC 5005 §4)")


def check_feed(data):
    document = xml.dom.minidom.parseString(data)  # expat: strict about characters and well-formedness
    (check_rss_rules if document.documentElement.nodeName == "rss" else check_atom_rules)(document)
    for element in document.getElementsByTagName("*"):
        for name in ("href", "url", "scheme", "domain"):
            if element.hasAttribute(name):
                strict(element.getAttribute(name), f"{name} of {element.nodeName}")
        if element.hasAttribute("type") and "/" in element.getAttribute("type"):
            if not MEDIA_TYPE.fullmatch(element.getAttribute("type")):
                raise ValueError(f"{element.getAttribute('type')!r} is no media type")
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
        for attachment in item.get("attachments", []):
            strict(absolute(attachment["url"], "an attachment"), "an attachment")
            if not MEDIA_TYPE.fullmatch(attachment["mime_type"]):
                raise ValueError(f"{attachment['mime_type']!r} is no media type")
    if feed.get("next_url") == feed["feed_url"]:
        raise ValueError("next_url leads to the feed itself")
    read = jsonfeed.Feed.parse_string(data.decode("utf-8"))
    if [item.id for item in read.items] != [item["id"] for item in feed["items"]]:
        raise ValueError("jsonfeed-util reads other items")
    return len(feed["items"])


def check_archives(folder):
    """Walks back from the live feed as an archive-aware reader does: every announcement is found."""
    folder = pathlib.Path(folder)
    if not (folder / "atom.xml").exists():
        return
    live = xml.dom.minidom.parse(str(folder / "atom.xml")).documentElement
    base = next(link.getAttribute("href") for link in children(live, "link") if link.getAttribute("rel") == "self")
    base = base.removesuffix("atom.xml")
    document, found, walked = live, set(), 1
    while True:
        found |= {children(entry, "id")[0].firstChild.data for entry in children(document, "entry")}
        links = {link.getAttribute("rel"): link.getAttribute("href") for link in children(document, "link")}
        if "prev-archive" not in links:
            break
        document = xml.dom.minidom.parse(str(folder / links["prev-archive"].removeprefix(base))).documentElement
        walked += 1
    if walked - 1 != len(list((folder / "archive").glob("*.xml"))):
        raise ValueError("an archive that nothing leads to")
    for path in folder.glob("*/*/atom.xml"):
        label = xml.dom.minidom.parse(str(path)).documentElement
        missing = {children(entry, "id")[0].firstChild.data for entry in children(label, "entry")} - found
        if missing:
            raise ValueError(f"{path} has what neither the live feed nor an archive has: {missing}")


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
    try:
        check_archives(folder)
    except Exception as error:
        errors.append(f"{folder}: {type(error).__name__}: {error}")
    for error in errors:
        print(error, file=sys.stderr)
    if not documents:
        print(f"{folder}: nothing to read", file=sys.stderr)
    print(f"{documents} documents, {items} items, {len(errors)} errors")
    return 1 if errors or not documents else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (2, 3) else __doc__)
