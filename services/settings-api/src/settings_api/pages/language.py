"""In which language a page speaks, and how it tells moments; English is the texts' own."""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from io import BytesIO
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH: Final = "en"
NAMES: Final[Mapping[str, str]] = {ENGLISH: "English", "sv": "Svenska"}
"""Languages that there are, by what each calls itself."""


def marked(text: str) -> str:
    """Mark a text that is translated only where it is shown."""
    return text


@dataclass(frozen=True)
class Language:
    """One visitor's language, customs and time zone."""

    code: str
    locale: Locale
    zone: ZoneInfo
    catalogue: gettext.NullTranslations

    def say(self, text: str, **values: Any) -> str:
        """A text in this language; `values` are put in its `%(name)s`."""
        said = self.catalogue.gettext(text) if text else ""
        return said % values if values else said

    def moment(self, at: datetime | str) -> str:
        """A moment in the visitor's zone and manner; strings are ISO 8601."""
        return format_datetime(self._here(at), "medium", locale=self.locale)

    def span(self, start: datetime | str, end: datetime | str) -> str:
        """From when to when a meeting is, to the minute; its day is told once where it has one."""
        first, last = self._here(start), self._here(end)
        begins, ends = (format_time(one, "short", locale=self.locale) for one in (first, last))
        if first.date() == last.date():
            return self._at(first, f"{begins} – {ends}")  # noqa: RUF001 - a range
        return f"{self._at(first, begins)} – {self._at(last, ends)}"  # noqa: RUF001

    def days(self, first: date | str, count: int) -> str:
        """The whole days of a meeting, which belong to no zone."""
        begins = date.fromisoformat(first) if isinstance(first, str) else first
        last = begins + timedelta(days=count - 1)
        told = [format_date(day, locale=self.locale) for day in sorted({begins, last})]
        return " – ".join(told)  # noqa: RUF001

    def _at(self, day: datetime, time: str) -> str:
        pattern = str(self.locale.datetime_formats["medium"])
        return pattern.replace("{1}", format_date(day, locale=self.locale)).replace("{0}", time)

    def _here(self, at: datetime | str) -> datetime:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(self.zone)


def language_of(
    *, chosen: str | None, user_locale: str | None, accepted: str, time_zone: str = "UTC"
) -> Language:
    """What the visitor chose, else his Pipedrive locale, else what his browser asks for."""
    wished = [one for one in (chosen, user_locale) if one]
    wished += [part.partition(";")[0].strip().replace("-", "_") for part in accepted.split(",")]
    code = next((one for one in map(_known, wished) if one), ENGLISH)
    own = user_locale if user_locale and _known(user_locale) == code else code
    return Language(code, _parsed(own, code), ZoneInfo(time_zone), _CATALOGUES[code])


def _known(locale: str) -> str | None:
    """The language of a locale, where there is one."""
    return negotiate_locale([locale, locale.partition("_")[0].lower()], list(NAMES))


def _parsed(locale: str, otherwise: str) -> Locale:
    try:
        return Locale.parse(locale)
    except (ValueError, UnknownLocaleError):
        return Locale.parse(otherwise)


def _catalogue(code: str) -> gettext.NullTranslations:
    if code == ENGLISH:
        return gettext.NullTranslations()
    compiled = BytesIO()
    with files("settings_api.locales").joinpath(f"{code}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


_CATALOGUES: Final = {code: _catalogue(code) for code in NAMES}
