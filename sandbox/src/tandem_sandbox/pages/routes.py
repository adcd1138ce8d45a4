"""The addresses of the pages. Every change is a form, so that they work without scripts too."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tandem_sandbox.pages.assets import asset, icon
from tandem_sandbox.pages.board import Board, Boards, UnknownAccountError
from tandem_sandbox.pages.form import MeetingForm
from tandem_sandbox.pages.live import Live
from tandem_sandbox.pages.meeting import RefusedError, UnknownMeetingError
from tandem_sandbox.pages.rendering import HEADERS, page
from tandem_sandbox.pages.side import Side
from tandem_sandbox.pages.troubles import TIMES_MAX, TROUBLES, VENDORS
from tandem_sandbox.pipedrive.announcer import Announcer
from tandem_sandbox.world import World

OWN: Final = frozenset({"same-origin", "none"})
GONE: Final = "It is not there any more."

Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(world: World, announcer: Announcer) -> list[Route]:
    """The routes of the pages, at the root of the sandbox."""
    pages = Pages(world, Boards(world, announcer))
    one = "/sides/{side}/meetings"
    return [
        Route("/", _safe(pages.board)),
        Route("/live", _safe(pages.live)),
        Route("/assets/{name}", asset),
        Route("/favicon.ico", icon),
        Route(one + "/edit", _safe(pages.edit)),
        Route(one, _safe(pages.create), methods=["POST"]),
        Route(one + "/change", _safe(pages.change), methods=["POST"]),
        Route(one + "/delete", _safe(pages.delete), methods=["POST"]),
        Route("/faults", _safe(pages.arm), methods=["POST"]),
        Route("/faults/disarm", _safe(pages.disarm), methods=["POST"]),
    ]


class Pages:
    """What each address answers."""

    def __init__(self, world: World, boards: Boards) -> None:
        self._world = world
        self._boards = boards
        self._live = Live(world, boards)

    async def board(self, request: Request) -> Response:
        """All sides beside each other."""
        board = self._boards.of(request.query_params)
        shown = {name: board.meetings(side) for name, side in board.sides.items()}
        return page(
            "board.html",
            board=board,
            sides=shown,
            blank=self._blank(board),
            seen=self._live.seen(board, shown),
            armed=self._world.faults.armed(),
            news=request.query_params.get("news", ""),
        )

    async def live(self, request: Request) -> Response:
        """What changes, as it changes."""
        board = self._boards.of(request.query_params)
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        events = self._live.events(board.asked, seen)
        return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)

    async def edit(self, request: Request) -> Response:
        """The form of one meeting."""
        board, side = self._side(request)
        meeting = side.find(request.query_params.get("key", ""))
        template = "_edit.html" if _is_fragment(request) else "edit.html"
        form = MeetingForm.of(meeting)
        return page(template, board=board, side=side, meeting=meeting, form=form)

    async def create(self, request: Request) -> Response:
        """Make a meeting."""
        board, side = self._side(request)
        form = MeetingForm.read(await _fields(request))
        side.create(form.title, form.when)
        news = f"{side.heading}: made “{form.title}”."
        return self._done(request, board, news, "_new.html", side=side, blank=self._blank(board))

    async def change(self, request: Request) -> Response:
        """Change what the person changed."""
        board, side = self._side(request)
        fields = await _fields(request)
        key = str(fields.get("key", ""))
        meeting = side.find(key)
        change = MeetingForm.read(fields, meeting).changed_from(meeting)
        if change.title is not None or change.moves:
            side.change(key, change)
        return self._done(request, board, f"{side.heading}: saved.", "_nothing.html")

    async def delete(self, request: Request) -> Response:
        """Delete a meeting."""
        board, side = self._side(request)
        side.delete(str((await _fields(request)).get("key", "")))
        return self._done(request, board, f"{side.heading}: deleted.", "_nothing.html")

    async def arm(self, request: Request) -> Response:
        """Arm a trouble."""
        board = self._boards.of(request.query_params)
        fields = await _fields(request)
        vendor, trouble = str(fields.get("vendor", "")), str(fields.get("trouble", ""))
        times = str(fields.get("times", "1"))
        if vendor not in VENDORS or trouble not in TROUBLES:
            raise RefusedError("vendor, trouble: choose one of the list")
        if not times.isdecimal() or not 1 <= int(times) <= TIMES_MAX:
            raise RefusedError(f"times: 1 to {TIMES_MAX}")
        self._world.faults.arm(TROUBLES[trouble].order(vendor, int(times)))
        return self._done(request, board, "Armed.", "_nothing.html")

    async def disarm(self, request: Request) -> Response:
        """Take one trouble back, or all of them."""
        board = self._boards.of(request.query_params)
        wanted = str((await _fields(request)).get("id", ""))
        if wanted == "all":
            self._world.faults.reset()
        elif not wanted.isdecimal() or not self._world.faults.disarm(int(wanted)):
            raise UnknownMeetingError(wanted)
        return self._done(request, board, "Disarmed.", "_nothing.html")

    def _side(self, request: Request) -> tuple[Board, Side]:
        board = self._boards.of(request.query_params)
        side = board.sides.get(request.path_params["side"])
        if side is None:
            raise UnknownAccountError("side: there is no such one here")
        return board, side

    def _blank(self, board: Board) -> MeetingForm:
        now: datetime = self._world.clock.now().astimezone(board.zone)
        return MeetingForm.blank(now)

    @staticmethod
    def _done(request: Request, board: Board, news: str, template: str, **context: Any) -> Response:
        """The rest of the page comes by itself; without scripts the whole page comes anew."""
        if _is_fragment(request):
            return page(template, board=board, news=news, **context)
        return RedirectResponse(f"/?{board.query}", 303, HEADERS)


def _safe(endpoint: Endpoint) -> Endpoint:
    """Refusals as pages; a form of another site is refused."""

    async def guarded(request: Request) -> Response:
        foreign = request.headers.get("sec-fetch-site", "none") not in OWN
        if request.method == "POST" and foreign:
            return _trouble(request, 403, "This form comes from another site.")
        try:
            return await endpoint(request)
        except RefusedError as error:
            return _trouble(request, 422, str(error))
        except UnknownMeetingError:
            return _trouble(request, 404, GONE)
        except UnknownAccountError as error:
            return _trouble(request, 404, str(error))

    return guarded


def _trouble(request: Request, status: int, news: str) -> Response:
    if _is_fragment(request):
        # Only the line of news is put in its place; the form keeps what was written into it.
        headers = {"hx-reswap": "none"}
        return page("_nothing.html", status=status, headers=headers, news=news)
    return page("trouble.html", status=status, news=news)


async def _fields(request: Request) -> Mapping[str, Any]:
    return await request.form()


def _is_fragment(request: Request) -> bool:
    """Whether a script asks, which puts the answer into the page that is open."""
    return request.headers.get("hx-request") == "true"
