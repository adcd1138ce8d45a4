"""The page of one connection: its status and its settings, each saved by itself."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from settings_api.api import connections as calls
from settings_api.api.caller import CurrentParts
from settings_api.api.changes import SettingsChange
from settings_api.api.decisions import Preview, PreviewOrder, preview
from settings_api.api.shown import ShownConnection
from settings_api.connection import READ, WRITTEN
from settings_api.pages.page_route import PageRoute
from settings_api.pages.settings_form import change_of
from settings_api.pages.visitor import CurrentVisitor, Sent, SentForm, Visitor
from settings_api.parts import Parts
from settings_api.problem import ProblemError

ASK_FROM = 10
"""A change that touches more items than this is shown before it is saved."""

_UNREAD = 409
_UNTOLD = frozenset({_UNREAD, 503})
"""Not all is read yet, or nobody answers: a preview is a courtesy, the change is saved."""

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/connections/{connection_id}")
async def connection(
    connection_id: UUID,
    visitor: CurrentVisitor,
    parts: CurrentParts,
    saved: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The whole page."""
    shown = await calls.connection(connection_id, Response(), visitor.caller, parts)
    choices = await _choices(visitor, parts, connection_id)
    return visitor.shows("connection.html", connection=shown, saved=saved, error="", **choices)


@router.get("/connections/{connection_id}/status")
async def status(connection_id: UUID, visitor: CurrentVisitor, parts: CurrentParts) -> Response:
    """The status alone, for a page that is open."""
    shown = await calls.connection(connection_id, Response(), visitor.caller, parts)
    return visitor.shows("_status.html", connection=shown)


@router.get("/connections/{connection_id}/settings")
async def settings(
    connection_id: UUID,
    visitor: CurrentVisitor,
    parts: CurrentParts,
    revision: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The settings alone, unless the open page shows the newest already."""
    shown = await calls.connection(connection_id, Response(), visitor.caller, parts)
    if shown.revision == revision:
        return Response(status_code=204)
    choices = await _choices(visitor, parts, connection_id)
    return visitor.shows("_settings.html", connection=shown, saved="", error="", **choices)


@router.post("/connections/{connection_id}/settings")
async def save(connection_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """Save one setting; a change that touches many items is shown first."""
    visitor, name = sent.visitor, sent.text("setting")
    try:
        types = await parts.neighbours.activity_types(visitor.session.user)
        change = change_of(sent.form, types)
        known = await calls.connection(connection_id, Response(), visitor.caller, parts)
        if not sent.text("confirmed"):
            question = await _question(sent, parts, known, change)
            if question is not None:
                return question
        if_match = f'"{sent.text("revision")}"' if name == "synced_types" else None
        shown = await calls.change(
            connection_id, change, Response(), visitor.caller, parts, if_match
        )
        error = ""
    except ProblemError as problem:
        shown = await calls.connection(connection_id, Response(), visitor.caller, parts)
        error = problem.title
    if visitor.scripted and not sent.text("confirmed"):
        choices = await _choices(visitor, parts, connection_id)
        saved = "" if error else name
        return visitor.shows(
            "_settings.html", connection=shown, saved=saved, error=error, **choices
        )
    if error:
        choices = await _choices(visitor, parts, connection_id)
        return visitor.shows(
            "connection.html", status=422, connection=shown, saved="", error=error, **choices
        )
    return visitor.goes_to(f"/connections/{connection_id}?saved={name}#{name}")


@router.get("/connections/{connection_id}/preview")
async def before_the_start(
    connection_id: UUID, visitor: CurrentVisitor, parts: CurrentParts
) -> Response:
    """What would happen at the start; writes nothing."""
    shown = await calls.connection(connection_id, Response(), visitor.caller, parts)
    effect, unread = None, False
    try:
        effect = await preview(connection_id, PreviewOrder(), visitor.caller, parts)
    except ProblemError as problem:
        unread = problem.status == _UNREAD
    return visitor.shows(
        "preview.html", connection=shown, effect=effect, fields=None, unread=unread
    )


async def _question(
    sent: Sent, parts: Parts, known: ShownConnection, change: SettingsChange
) -> Response | None:
    """The page that asks before a change is saved; None where there is nothing to ask.

    One that touches many items is shown first. Before another calendar is taken, it is asked what
    becomes of the events that we made in the present one.
    """
    leaving = change.given.get("calendar_id", known.settings.calendar_id) != (
        known.settings.calendar_id
    )
    if leaving:
        if known.status not in WRITTEN:
            return None
        change = change.model_copy(update={"events": "remove"})
    effect = await _effect(sent.visitor, parts, known, PreviewOrder(settings=change))
    if effect is None or sum(effect.counts.values()) <= (0 if leaving else ASK_FROM):
        return None
    page = sent.visitor.shows(
        "leaving.html" if leaving else "preview.html",
        connection=known,
        effect=effect,
        fields=sent.form.multi_items(),
        unread=False,
    )
    if sent.visitor.scripted:
        page.headers.update({"hx-retarget": "body", "hx-reswap": "innerHTML"})
    return page


async def _effect(
    visitor: Visitor, parts: Parts, known: ShownConnection, order: PreviewOrder
) -> Preview | None:
    """What a change would do; None where nothing is synced yet, or nobody can tell."""
    if known.status not in READ:
        return None
    try:
        return await preview(known.id, order, visitor.caller, parts)
    except ProblemError as problem:
        if problem.status in _UNTOLD:
            return None
        raise


async def _choices(visitor: Visitor, parts: Parts, connection_id: UUID) -> dict[str, Any]:
    """What can be chosen; nothing where the company or the account cannot be asked."""
    try:
        types = await parts.neighbours.activity_types(visitor.session.user)
        listed = await calls.calendars(connection_id, visitor.caller, parts)
        calendars = [one for one in listed.items if one.writable]
    except ProblemError:
        return {"types": None, "calendars": None}
    return {"types": types, "calendars": calendars}
