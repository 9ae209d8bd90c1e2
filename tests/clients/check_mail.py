"""Reads mails with Python's email package and fails on the first thing that is wrong.

    python check_mail.py [--letter] FILE.eml …

A calendar that is attached is read by icalendar. With --letter they are mails to one person, not a newsletter's: no header of a list, and a link to confirm or to the preferences.
No package besides Python's own is needed where none is. Exit code 1 and a list of errors, or 0 and a count.
"""

import email
import email.policy
import html.parser
import pathlib
import re
import sys
import urllib.parse

ONCE = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")
LIST = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post")

# Gmail cuts a mail off at 102 kB
MAX_HTML = 100_000


class Links(html.parser.HTMLParser):
    """All href and src of a document."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [(f"{tag} {name}", value) for name, value in attributes if name in ("href", "src")]


def check_bytes(data):
    for number, line in enumerate(data.split(b"\r\n"), 1):
        if b"\n" in line or b"\r" in line:
            raise ValueError(f"line {number} ends without CRLF")
        if len(line) > 998:
            raise ValueError(f"line {number} is longer than RFC 5322 allows: {len(line)} octets")
        if not line.isascii():
            raise ValueError(f"line {number} needs 8BITMIME or SMTPUTF8")


def check_headers(mail, is_letter):
    for name in ONCE if is_letter else ONCE + LIST:
        values = mail.get_all(name, [])
        if len(values) != 1 or not str(values[0]).strip():
            raise ValueError(f"{name} stands {len(values)} times or is empty")
    for name, value in mail.items():
        defects = getattr(value, "defects", ())
        if defects:
            raise ValueError(f"{name}: {defects}")
    if not re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", mail["Message-ID"].strip()):
        raise ValueError(f"Message-ID {mail['Message-ID']!r}")
    if mail["Date"].datetime is None or mail["Date"].datetime.tzinfo is None:
        raise ValueError(f"Date {mail['Date']!r}")
    if mail["Auto-Submitted"] != "auto-generated":
        raise ValueError(f"Auto-Submitted {mail['Auto-Submitted']!r}")
    if is_letter:
        if any(mail.get_all(name) for name in LIST):
            raise ValueError("a letter is no mail of a list")
        return re.findall(r"https://\S+/(?:confirm|preferences)/\S+", mail.get_body(("plain",)).get_content())
    # RFC 8058 §3.1
    if mail["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click":
        raise ValueError(f"List-Unsubscribe-Post {mail['List-Unsubscribe-Post']!r}")
    ways = re.findall(r"<([^>]*)>", mail["List-Unsubscribe"])
    if not any(urllib.parse.urlsplit(way).scheme == "https" for way in ways):
        raise ValueError(f"List-Unsubscribe has no https address: {mail['List-Unsubscribe']!r}")
    return ways


def check_calendar(part):
    """A file to take over: no invitation, which would ask for an answer."""
    import icalendar

    if part.get_content_disposition() != "attachment" or not (part.get_filename() or "").endswith(".ics"):
        raise ValueError(f"a calendar as {part['Content-Disposition']!r}")
    if part["Content-Type"].params.get("method") != "PUBLISH":
        raise ValueError(f"a calendar with {part['Content-Type']!r}")
    data = part.get_payload(decode=True)
    calendar = icalendar.Calendar.from_ical(data)
    events = calendar.walk("VEVENT")
    if calendar["METHOD"] != "PUBLISH" or not events or any(event.get("ATTENDEE") for event in events):
        raise ValueError(f"a calendar that invites, or is empty: {data!r}")
    if data.count(b"\n") != data.count(b"\r\n"):
        raise ValueError("a calendar whose lines do not end in CRLF")


def check_parts(mail):
    for part in mail.walk():
        if part.defects:
            raise ValueError(f"{part.get_content_type()}: {part.defects}")
    if mail.get_content_type() == "multipart/mixed":
        mail, calendar = mail.iter_parts()
        check_calendar(calendar)
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    if mail.get_content_type() != "multipart/alternative" or kinds != ["text/plain", "text/html"]:
        raise ValueError(f"{mail.get_content_type()} of {kinds}, not plain text and HTML in this order")
    text, html_part = (part.get_content() for part in mail.iter_parts())
    if not text.strip() or len(html_part.encode()) > MAX_HTML:
        raise ValueError("the text is empty or the HTML too large")
    return text, html_part


def check_links(source):
    links = Links()
    links.feed(source)
    for where, address in links.found:
        if urllib.parse.urlsplit(address or "").scheme not in ("http", "https", "mailto", "tel"):
            raise ValueError(f"{where} is no absolute address: {address!r}")
    return {address for _, address in links.found}


def check(data, is_letter):
    check_bytes(data)
    mail = email.message_from_bytes(data, policy=email.policy.SMTP)
    ways = check_headers(mail, is_letter)
    text, source = check_parts(mail)
    addresses = check_links(source)
    if not any(way in addresses and way in text for way in ways):
        raise ValueError("the link that matters is not in the text and the HTML")
    if re.search(r"\{\{|\{%|\{:", text + source):
        raise ValueError("something was left unfilled")


def main(arguments):
    is_letter = arguments[:1] == ["--letter"]
    paths = arguments[1:] if is_letter else arguments
    errors = []
    for path in paths:
        try:
            check(pathlib.Path(path).read_bytes(), is_letter)
        except Exception as error:  # whatever a client chokes on
            errors.append(f"{path}: {type(error).__name__}: {error}")
    for error in errors:
        print(error, file=sys.stderr)
    print(f"{len(paths)} mails, {len(errors)} errors")
    return 1 if errors or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
