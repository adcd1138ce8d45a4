"""Descriptions: HTML to text, what comes back after we wrote text, the block's marker."""

from time import process_time

import pytest

from calendar_ingest.adapters.google.descriptions import as_description, description_format
from reconciler.core.deal_contact import block_of
from reconciler.core.text import (
    BLOCK_MARKER,
    plain,
    single_line,
    text_of_html,
    with_block,
    without_block,
)
from tandem.contracts.activities import DealContact
from tandem.contracts.events import TextFormat


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("a\nb<br>c", "a\nb\nc"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("<p>a</p><p><br></p><p>b</p>", "a\n\nb"),
        ("a<div>b</div>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("x &lt;b&gt; &amp; y &eacute; &nbsp;", "x <b> & y é"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="https://x.example">here</a>', "here (https://x.example)"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ('<a href="u">one<a href="v">two</a>', "one (u)two (v)"),
        ("<style>p {}</style><script>evil()</script>seen", "seen"),
        ("<b>bold</b> and <i>italic</i>", "bold and italic"),
        ("<unknown-tag>kept</unknown-tag>", "kept"),
        ("un<closed <p", "un<closed <p"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("<a href=https://x.example>here</a>", "here (https://x.example)"),
        ("a<!-- <b> -->b<!-- rest", "ab"),
        ("<P>A</P><BR>B", "A\n\nB"),
        ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&b=2"),
        ("<?xml version='1.0'?>a", "a"),
        ("<ul><li><p>a</p></li><li><p>b</p><p>c</p></li></ul>", "- a\n- b\nc"),
        ("<ul><li>a<ul><li>b</li></ul></li><li></li><li>c</li></ul>", "- a\n- b\n-\n- c"),
        ("a<style><li></style><p>b</p>", "a\nb"),
        ('<a href="tel:+49301234">+49 (30) 12-34</a>', "+49 (30) 12-34"),
        ('<a href="tel:+49301234">call me</a>', "call me (tel:+49301234)"),
        ('<a href="?a=1&amp;b=2&times=3&copy=4">x</a>', "x (?a=1&b=2&times=3&copy=4)"),
    ],
)
def test_html_is_read_as_a_person_would_see_it(html, text):
    assert text_of_html(html) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<div>one<br>\r\ntwo</div>\r\n<div>three</div>", "one\ntwo\nthree"),
        ("<p>one\r\ntwo</p>\r\n\r\n<p>\r\n  three <b> four</b></p>", "one two\nthree four"),
        ("<p>one</p>\r\n<p>&nbsp;</p>\r\n<p>two</p>", "one\n\ntwo"),
        ("<ul>\r\n<li>\r\n<p>a</p>\r\n</li>\r\n<li>b</li>\r\n</ul>", "- a\n- b"),
        ("<pre>one\n  two</pre>\r\nthree", "one\n  two\nthree"),
        ("one &nbsp;two", "one  two"),
        ('<a href="https://x.example">\r\nhere</a>', "here (https://x.example)"),
    ],
)
@pytest.mark.parametrize(
    "opening", ["<html>\r\n<head></head>\r\n<body>\r\n", "<!DOCTYPE html>\n<body>"]
)
def test_line_ends_in_the_source_of_a_whole_document_are_blanks(opening, body, text):
    assert text_of_html(f"{opening}{body}\r\n</body>\r\n</html>\r\n") == text


@pytest.mark.parametrize(
    "fragment",
    ["one\ntwo<br>three", "<html-blob>one\ntwo<br>three</html-blob>", "one\ntwo<html><br>three"],
)
def test_line_ends_of_what_is_no_whole_document_are_kept(fragment):
    assert text_of_html(fragment) == "one\ntwo\nthree"


@pytest.mark.parametrize("hostile", ["<![if x]>a", "<!-- open", "<", "&#x110000;", "<a" * 3, "\0"])
def test_broken_html_is_read_without_an_error(hostile):
    assert isinstance(text_of_html(hostile), str)


@pytest.mark.parametrize(
    "piece", ["<a>", "<div>", "<a href='x'>y", "</a>", "<b", "&", "<!--", "<li>", " "]
)
@pytest.mark.parametrize("opening", ["", "<html>"])
def test_reading_takes_time_in_proportion_to_length(opening, piece):
    begin = process_time()
    text_of_html(opening + piece * (65_536 // len(piece)))
    assert process_time() - begin < 2


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two\nlines",
        "three\n\n\n\nblank ones",
        "1 < 2 & 3 > 2",
        "<b>not bold</b>",
        "&amp; is an ampersand",
        "&copy without an end",
        "<br>",
        "a <br> b\nc",
        "<p>a</p>\n<p>b</p>",
        "<script>x</script>",
        "<!-- no comment -->",
        "<![CDATA[x]]>",
        "  indented\n    more <b>",
        "🎉 <i>",
    ],
)
def test_text_that_we_write_comes_back_as_the_same_text(text):
    given = as_description(text)
    html = description_format(given) is TextFormat.HTML
    assert plain(text_of_html(given) if html else given) == plain(text)


@pytest.mark.parametrize(
    "text",
    ["a", " a \n b \r\n\r\n", "\u00a0a\u00a0", "a\n\n--- Pipedrive ---\nb", "\r\r", "\x0b\n x"],
)
def test_normalising_twice_is_normalising_once(text):
    assert plain(plain(text)) == plain(text)
    assert without_block(without_block(text)) == without_block(text)
    assert single_line(single_line(text)) == single_line(text)


@pytest.mark.parametrize("description", ["", "Agenda", "Agenda\n\nTwo"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u00a0\r\n"])
def test_the_block_is_cut_off_again_whatever_the_line_ends(description, line_end):
    written = with_block(description, "Deal: Big\nContact: Bob")
    assert without_block(written.replace("\n", line_end)) == description


def test_the_block_is_cut_off_again_after_the_calendar_made_it_html():
    written = with_block("Agenda", "Deal: Big\nContact: Bob").replace("\n", "<br>")
    assert without_block(text_of_html(written)) == "Agenda"


BLOCK = "Activity: https://north.pipedrive.com/activities/1\nDeal: Big"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\n", "<br>", "\u00a0\r\n"])
def test_what_somebody_wrote_below_a_known_block_is_kept(line_end):
    written = (with_block("Agenda", BLOCK) + "\n\nBring the plans").replace("\n", line_end)
    shown = text_of_html(written) if line_end == "<br>" else written
    assert without_block(shown, BLOCK).split() == ["Agenda", "Bring", "the", "plans"]
    assert without_block(without_block(shown, BLOCK), BLOCK) == without_block(shown, BLOCK)
    assert without_block(with_block("Agenda", BLOCK), BLOCK) == "Agenda"


@pytest.mark.parametrize("known", ["", "Deal: Bigger", BLOCK + "\nContact: Bob", "Deal: Big"])
def test_where_a_block_is_not_as_it_was_written_nothing_tells_where_it_ends(known):
    assert without_block(with_block("Agenda", BLOCK) + "\nBring the plans", known) == "Agenda"


def test_two_blocks_are_both_cut_off():
    twice = with_block(with_block("Agenda", BLOCK) + "\nPlans", "Deal: Old")
    assert without_block(twice, BLOCK) == "Agenda\n\nPlans"


def test_only_a_whole_marker_line_begins_the_block():
    talk = f"We talked about {BLOCK_MARKER} and more"
    assert without_block(talk) == talk


@pytest.mark.parametrize("joined", ["Agenda ", "Agenda"])
def test_a_marker_that_somebody_joined_to_his_line_begins_the_block_all_the_same(joined):
    written = with_block("Agenda", BLOCK) + "\n\nBring the plans"
    edited = written.replace("Agenda\n\n", joined)
    assert without_block(edited, BLOCK) == "Agenda\n\nBring the plans"
    assert without_block(without_block(edited, BLOCK), BLOCK) == without_block(edited, BLOCK)


@pytest.mark.parametrize("behind", ["", "\nBring the plans", "\nDeal: Bigger"])
def test_a_marker_at_the_end_of_a_line_with_no_block_behind_it_is_text(behind):
    talk = f"We talked about {BLOCK_MARKER}{behind}"
    assert without_block(talk, BLOCK) == talk


def test_cutting_off_a_block_takes_time_in_proportion_to_length():
    begin = process_time()
    without_block(f"x {BLOCK_MARKER}\n\n" * 3_000, BLOCK)
    indent = "\t" * 60_000
    without_block(f"{BLOCK_MARKER}\n{indent}{BLOCK_MARKER}\n{BLOCK}", BLOCK)
    assert process_time() - begin < 2


def test_no_block_leaves_no_marker():
    assert with_block("Agenda", "") == "Agenda"


@pytest.mark.rule("5.11")
def test_the_block_shows_what_is_there_without_empty_lines():
    everything = DealContact(
        activity_url="https://x.example/activity/1",
        deal_title="Big deal",
        deal_value="€10",
        deal_stage="Offer",
        deal_url="https://x.example/deal/2",
        person_name="Bob",
        person_phones=("+49 1",),
        person_emails=("bob@x.example", "b@x.example"),
        organization_name="Acme",
        organization_address="Street 1",
    )
    assert block_of(everything).split("\n") == [
        "Activity: https://x.example/activity/1",
        "Deal: Big deal · €10 · Offer",
        "https://x.example/deal/2",
        "Contact: Bob · +49 1 · bob@x.example · b@x.example",
        "Organization: Acme · Street 1",
    ]
    assert block_of(DealContact(person_name="Bob")) == "Contact: Bob"
    assert block_of(DealContact()) == block_of(None) == ""
