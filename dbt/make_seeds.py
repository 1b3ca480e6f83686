"""Makes the seeds from the tz database: `python make_seeds.py FOLDER` writes both files there. It needs the package
tzdata, and reads no time zones of the machine. The test `acceptance/dbt.py` makes them again and compares."""

import csv
import datetime
import importlib.resources
import io
import pathlib
import sys
import zoneinfo

FIRST_YEAR, LAST_YEAR = 1970, 2037

# Zendesk names time zones as Rails does. A line has a zone of the tz database, and what Rails calls it.
RAILS = """
Pacific/Midway: International Date Line West; Midway Island
Pacific/Pago_Pago: American Samoa
Pacific/Honolulu: Hawaii
America/Juneau: Alaska
America/Los_Angeles: Pacific Time (US & Canada)
America/Tijuana: Tijuana
America/Denver: Mountain Time (US & Canada)
America/Phoenix: Arizona
America/Chihuahua: Chihuahua
America/Mazatlan: Mazatlan
America/Chicago: Central Time (US & Canada)
America/Regina: Saskatchewan
America/Mexico_City: Guadalajara; Mexico City
America/Monterrey: Monterrey
America/Guatemala: Central America
America/New_York: Eastern Time (US & Canada)
America/Indiana/Indianapolis: Indiana (East)
America/Bogota: Bogota
America/Lima: Lima; Quito
America/Halifax: Atlantic Time (Canada)
America/Caracas: Caracas
America/La_Paz: La Paz
America/Santiago: Santiago
America/St_Johns: Newfoundland
America/Sao_Paulo: Brasilia
America/Argentina/Buenos_Aires: Buenos Aires
America/Montevideo: Montevideo
America/Guyana: Georgetown
America/Puerto_Rico: Puerto Rico
America/Godthab: Greenland
Atlantic/South_Georgia: Mid-Atlantic
Atlantic/Azores: Azores
Atlantic/Cape_Verde: Cape Verde Is.
Europe/Dublin: Dublin
Europe/London: Edinburgh; London
Europe/Lisbon: Lisbon
Africa/Casablanca: Casablanca
Africa/Monrovia: Monrovia
Etc/UTC: UTC
Europe/Belgrade: Belgrade
Europe/Bratislava: Bratislava
Europe/Budapest: Budapest
Europe/Ljubljana: Ljubljana
Europe/Prague: Prague
Europe/Sarajevo: Sarajevo
Europe/Skopje: Skopje
Europe/Warsaw: Warsaw
Europe/Zagreb: Zagreb
Europe/Brussels: Brussels
Europe/Copenhagen: Copenhagen
Europe/Madrid: Madrid
Europe/Paris: Paris
Europe/Amsterdam: Amsterdam
Europe/Berlin: Berlin
Europe/Zurich: Bern; Zurich
Europe/Rome: Rome
Europe/Stockholm: Stockholm
Europe/Vienna: Vienna
Africa/Algiers: West Central Africa
Europe/Bucharest: Bucharest
Africa/Cairo: Cairo
Europe/Helsinki: Helsinki
Europe/Kiev: Kyiv
Europe/Riga: Riga
Europe/Sofia: Sofia
Europe/Tallinn: Tallinn
Europe/Vilnius: Vilnius
Europe/Athens: Athens
Europe/Istanbul: Istanbul
Europe/Minsk: Minsk
Asia/Jerusalem: Jerusalem
Africa/Harare: Harare
Africa/Johannesburg: Pretoria
Europe/Kaliningrad: Kaliningrad
Europe/Moscow: Moscow; St. Petersburg
Europe/Volgograd: Volgograd
Europe/Samara: Samara
Asia/Kuwait: Kuwait
Asia/Riyadh: Riyadh
Africa/Nairobi: Nairobi
Asia/Baghdad: Baghdad
Asia/Tehran: Tehran
Asia/Muscat: Abu Dhabi; Muscat
Asia/Baku: Baku
Asia/Tbilisi: Tbilisi
Asia/Yerevan: Yerevan
Asia/Kabul: Kabul
Asia/Yekaterinburg: Ekaterinburg
Asia/Karachi: Islamabad; Karachi
Asia/Tashkent: Tashkent
Asia/Kolkata: Chennai; Kolkata; Mumbai; New Delhi
Asia/Kathmandu: Kathmandu
Asia/Dhaka: Astana; Dhaka
Asia/Colombo: Sri Jayawardenepura
Asia/Almaty: Almaty
Asia/Novosibirsk: Novosibirsk
Asia/Rangoon: Rangoon
Asia/Bangkok: Bangkok; Hanoi
Asia/Jakarta: Jakarta
Asia/Krasnoyarsk: Krasnoyarsk
Asia/Shanghai: Beijing
Asia/Chongqing: Chongqing
Asia/Hong_Kong: Hong Kong
Asia/Urumqi: Urumqi
Asia/Kuala_Lumpur: Kuala Lumpur
Asia/Singapore: Singapore
Asia/Taipei: Taipei
Australia/Perth: Perth
Asia/Irkutsk: Irkutsk
Asia/Ulaanbaatar: Ulaanbaatar
Asia/Seoul: Seoul
Asia/Tokyo: Osaka; Sapporo; Tokyo
Asia/Yakutsk: Yakutsk
Australia/Darwin: Darwin
Australia/Adelaide: Adelaide
Australia/Melbourne: Canberra; Melbourne
Australia/Sydney: Sydney
Australia/Brisbane: Brisbane
Australia/Hobart: Hobart
Asia/Vladivostok: Vladivostok
Pacific/Guam: Guam
Pacific/Port_Moresby: Port Moresby
Asia/Magadan: Magadan
Asia/Srednekolymsk: Srednekolymsk
Pacific/Guadalcanal: Solomon Is.
Pacific/Noumea: New Caledonia
Pacific/Fiji: Fiji
Asia/Kamchatka: Kamchatka
Pacific/Majuro: Marshall Is.
Pacific/Auckland: Auckland; Wellington
Pacific/Tongatapu: Nuku'alofa
Pacific/Fakaofo: Tokelau Is.
Pacific/Chatham: Chatham Is.
Pacific/Apia: Samoa
"""

SECOND = datetime.timedelta(seconds=1)
UTC = datetime.timezone.utc


def names():
    """Each Rails name with its zone."""
    for line in RAILS.strip().splitlines():
        zone, called = line.split(": ", 1)
        for name in called.split("; "):
            yield name, zone


def minutes(zone, moment):
    return round(moment.astimezone(zone).utcoffset().total_seconds() / 60)


def changes(zone):
    """The moments from which on a zone's clock is this far from UTC, in minutes. The first is the first year's begin."""
    moment, end = datetime.datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime.datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    found = [(moment, minutes(zone, moment))]
    week = datetime.timedelta(days=7)
    while moment < end:
        # No zone changed twice within a week: looking at every day finds the same.
        before, after = moment, moment + week
        if minutes(zone, before) != minutes(zone, after):
            while after - before > SECOND:
                middle = before + (after - before) // (2 * SECOND) * SECOND
                if minutes(zone, middle) == minutes(zone, before):
                    before = middle
                else:
                    after = middle
            found.append((after, minutes(zone, after)))
        moment += week
    return found


def standard(zone):
    """How far the standard time of today's rules is from UTC: the smaller of winter's and summer's."""
    return min(minutes(zone, datetime.datetime(LAST_YEAR, month, 1, tzinfo=UTC)) for month in range(1, 13))


def written(offset):
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"


def table(header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def load(name):
    package, _, file = f"tzdata.zoneinfo.{name.replace('/', '.')}".rpartition(".")
    with importlib.resources.files(package).joinpath(file).open("rb") as stream:
        return zoneinfo.ZoneInfo.from_file(stream, key=name)


def seeds():
    zones = {zone: load(zone) for _, zone in names()}
    offsets = {name: standard(zone) for name, zone in zones.items()}
    rails = [(name, zone, written(offsets[zone]), offsets[zone]) for name, zone in sorted(names())]
    daylight = []
    for name, zone in sorted(zones.items()):
        found = changes(zone)
        ends = [moment for moment, _ in found[1:]]
        # What lasts to the end of the last year ends with it.
        ends.append(datetime.datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))
        for (start, offset), end in zip(found, ends):
            if offset != offsets[name]:
                times = [time.strftime("%Y-%m-%d %H:%M:%S") for time in (start, end)]
                daylight.append((name, start.year, *times, offset - offsets[name]))
    return {
        "rails_time_zones.csv": table(
            ["time_zone", "iana_time_zone", "standard_offset", "standard_offset_minutes"], rails
        ),
        "daylight_times.csv": table(
            ["iana_time_zone", "year", "daylight_start_utc", "daylight_end_utc", "daylight_offset_minutes"], daylight
        ),
    }


if __name__ == "__main__":
    (folder,) = sys.argv[1:]
    for name, text in seeds().items():
        (pathlib.Path(folder) / name).write_text(text)
