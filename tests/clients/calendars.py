"""Calendars as icalendar, vobject (dateutil) and recurring-ical-events read them: structure, zones, and what is expected."""

import datetime
import json
import pathlib
import re
import zoneinfo

import icalendar
import recurring_ical_events
import vobject

UTC = datetime.timezone.utc


def check(data):
    """Fails on the first thing that is wrong with a calendar; the number of its events."""
    for number, line in enumerate(data.split(b"\r\n"), 1):
        line.decode("utf-8")  # no character is split
        if len(line) > 75 or b"\n" in line or b"\r" in line:
            raise ValueError(f"line {number} is too long or ends without CRLF")
    if len(data) > 1_000_000:
        raise ValueError(f"{len(data)} bytes: Google takes no more than a million")
    calendar = icalendar.Calendar.from_ical(data)
    if calendar.errors:
        raise ValueError(f"icalendar: {calendar.errors}")
    events = calendar.walk("VEVENT")
    uids = [str(event["UID"]) for event in events]
    if len(set(uids)) != len(uids) or "" in uids:
        raise ValueError("a UID is empty or stands twice")
    for event in events:
        if event.errors:
            raise ValueError(f"icalendar: {event['UID']}: {event.errors}")
        start = instant(event["DTSTART"])
        if "DTEND" in event and instant(event["DTEND"]) <= start:
            raise ValueError(f"{event['UID']} ends before it starts")
        if isinstance(start, datetime.datetime) and event["DTSTART"].params.get("TZID"):
            check_offset(calendar, event["DTSTART"], event["UID"])
    found = vobject_events(data)
    if len(found) != len(events) or not all(event.summary.value for event in found):
        raise ValueError(f"vobject finds {len(found)} events, icalendar {len(events)}, or one without a title")
    return len(events)


def instant(value):
    """What zoneinfo, not the file's own VTIMEZONE, makes of a time."""
    if not isinstance(value.dt, datetime.datetime):
        return value.dt
    zone = value.params.get("TZID")
    local = value.dt.replace(tzinfo=None)
    return local.replace(tzinfo=zoneinfo.ZoneInfo(zone)) if zone else value.dt


def check_offset(calendar, value, uid):
    """The file's own VTIMEZONE gives the offset that the zone of that name has."""
    zone = value.params.get("TZID")
    defined = {str(zone["TZID"]): zone for zone in calendar.walk("VTIMEZONE")}
    if zone not in defined:
        raise ValueError(f"{uid}: the time zone {zone!r} is not defined")
    local = value.dt.replace(tzinfo=None)
    own = defined[zone].to_tz(lookup_tzid=False).utcoffset(local)
    real = local.replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    if own != real:
        raise ValueError(f"{uid}: {local} is {own} by its VTIMEZONE and {real} in {zone}")


def vobject_events(data):
    return list(getattr(vobject.readOne(data.decode("utf-8")), "vevent_list", []))


def compare(folder, expected):
    """Each event of the site against expected.json of tests/fixtures/events; the number of comparisons."""
    expected = json.loads(pathlib.Path(expected).read_text())
    files = [pathlib.Path(folder, "calendar.ics"), *sorted(pathlib.Path(folder, "events").glob("*.ics"))]
    count = 0
    for file in files:
        data = file.read_bytes()
        # under names nobody knows the file's own VTIMEZONEs count, not the tz database of the client
        own = re.sub(rb"TZID([=:])([\w+/-]+)", lambda tz: b"TZID" + tz[1] + b"Own-" + tz[2].replace(b"/", b"-"), data)
        for reader in (by_icalendar(data), by_icalendar(own), by_vobject(own)):
            wanted = expected if file.name == "calendar.ics" else {file.stem: expected[file.stem]}
            for slug in wanted.keys() | reader.keys():
                if wanted.get(slug) != reader.get(slug):
                    raise ValueError(f"{file}: {slug}: {reader.get(slug)}, not {wanted.get(slug)}")
            count += len(wanted)
    return count


def by_icalendar(data):
    calendar = icalendar.Calendar.from_ical(data)
    events = {}
    for event in recurring_ical_events.of(calendar, skip_bad_series=False).between((1850, 1, 1), (2200, 1, 1)):
        slug = str(event["URL"]).rstrip("/").rsplit("/", 1)[1]
        known = events.setdefault(slug, {"summary": str(event["SUMMARY"]), "location": str(event["LOCATION"]), "times": []})
        # the expansion gives an end even to an event without one
        end = event["DTEND"].dt if any(e["UID"] == event["UID"] and "DTEND" in e for e in calendar.events) else None
        known["times"].append([written(event["DTSTART"].dt), end and written(end)])
    for event in events.values():
        event["times"].sort()
    return events


def by_vobject(data):
    events = {}
    for event in vobject_events(data):
        slug = event.url.value.rstrip("/").rsplit("/", 1)[1]
        start, end = event.dtstart.value, getattr(event, "dtend", None)
        starts = list(event.getrruleset(addRDate=True)) if hasattr(event, "rrule") else [start]
        # the same hours each day: the wall clock, not the seconds, goes on
        end = end and [written(day + (end.value.replace(tzinfo=None) - start.replace(tzinfo=None))
                               if isinstance(day, datetime.datetime) else end.value) for day in starts]
        times = [[written(day), end[number] if end else None] for number, day in enumerate(starts)]
        events[slug] = {"summary": event.summary.value, "location": event.location.value, "times": times}
    return events


def written(time):
    return time.astimezone(UTC).isoformat() if isinstance(time, datetime.datetime) else time.isoformat()
