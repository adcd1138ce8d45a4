"""Every text of the pages is there in every language, and moments follow the visitor."""

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.extract import extract_from_dir

import settings_api
from reconciler.core.reasons import EXPLANATIONS
from settings_api.pages.language import NAMES, language_of

SOURCE = Path(settings_api.__file__).parent
WHAT = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


def texts_of_the_pages() -> set[str]:
    found = extract_from_dir(SOURCE, method_map=WHAT, keywords={"_": None, "marked": None})
    texts = {message for _, _, message, _, _ in found if isinstance(message, str)}
    assert len(texts) > 150
    return texts


def untranslated(texts: set[str]) -> set[tuple[str, str]]:
    return {
        (code, text)
        for code in NAMES
        if code != "en"
        for text in texts
        if text not in language_of(chosen=code, user_locale=None, accepted="").catalogue._catalog  # type: ignore[attr-defined]
    }


def test_every_text_of_a_page_is_translated():
    assert untranslated(texts_of_the_pages()) == set()


def test_every_reason_is_translated():
    sentences = {text for told in EXPLANATIONS.values() for text in told if text}
    assert untranslated(sentences) == set()


def test_translations_take_the_same_values():
    for code in NAMES:
        catalogue = language_of(chosen=code, user_locale=None, accepted="").catalogue
        for text in texts_of_the_pages():
            assert text.count("%(") == catalogue.gettext(text).count("%("), text


def test_the_choice_comes_before_pipedrive_and_pipedrive_before_the_browser():
    def code(chosen, user_locale, accepted):
        return language_of(chosen=chosen, user_locale=user_locale, accepted=accepted).code

    assert code("sv", "en_US", "en") == "sv"
    assert code(None, "sv_SE", "en") == "sv"
    assert code(None, "nb_NO", "sv-SE,sv;q=0.9,en;q=0.8") == "sv"
    assert code(None, None, "de-DE,de;q=0.9") == "en"
    assert code("xx", "?", "*") == "en"


def test_moments_are_told_in_the_visitors_zone_and_manner():
    at = datetime(2026, 1, 2, 15, 4, tzinfo=UTC)
    swedish = language_of(
        chosen=None, user_locale="sv_SE", accepted="", time_zone="Europe/Stockholm"
    )
    american = language_of(
        chosen=None, user_locale="en_US", accepted="", time_zone="America/New_York"
    )
    assert swedish.moment(at) == "2 jan. 2026 16:04:00"
    assert american.moment(at).replace("\u202f", " ") == "Jan 2, 2026, 10:04:00 AM"
    assert swedish.moment("2026-01-02T15:04:00") == swedish.moment(at)
    later = "2026-01-02T16:30:00+00:00"
    assert swedish.span(at, later) == "2 jan. 2026 16:04 – 17:30"  # noqa: RUF001
    assert swedish.span(at, "2026-01-03T15:04:00") == "2 jan. 2026 16:04 – 3 jan. 2026 16:04"  # noqa: RUF001
    said = american.span(at, later).replace("\u202f", " ")
    assert said == "Jan 2, 2026, 10:04 AM – 11:30 AM"  # noqa: RUF001


def test_whole_days_are_told_without_a_time():
    swedish = language_of(chosen="sv", user_locale=None, accepted="", time_zone="America/New_York")
    assert swedish.days("2026-03-29", 1) == "29 mars 2026"
    assert swedish.days("2026-03-29", 3) == "29 mars 2026 – 31 mars 2026"  # noqa: RUF001
