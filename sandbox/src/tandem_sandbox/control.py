"""The sandbox's own API below ``/_control``: accounts, time, troubles, and what was asked."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from tandem_sandbox.accounts import Seed, load_seed
from tandem_sandbox.faults import Fault, FaultOrder, Provider
from tandem_sandbox.microsoft.notify import Notifier
from tandem_sandbox.pipedrive.budget import Plan, VendorPlan, vendor_plan
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

CALLS_PAGE_MAX = 5000
IDLE_S_MAX = 120.0


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SeedOrder(_Order):
    """Either accounts as they are to be, or how many of them."""

    seed: Seed | None = None
    companies: int = Field(default=1, ge=1, le=1000)
    users: int = Field(default=3, ge=1, le=1000)
    mailboxes: int = Field(default=3, ge=0, le=1000)


class ClockOrder(_Order):
    """A moment to be at, or seconds to jump ahead."""

    now: AwareDatetime | None = None
    advance_seconds: float | None = Field(default=None, ge=-(10**9), le=10**9)

    @model_validator(mode="after")
    def _one_of_them(self) -> "ClockOrder":
        if (self.now is None) == (self.advance_seconds is None):
            raise ValueError("now, advance_seconds: give one of them")
        return self


class GrantOrder(_Order):
    """Whose access ends or is good again."""

    provider: Provider
    email: str = Field(min_length=3, max_length=320)


class DeliveryOrder(_Order):
    """How long the vendors' retry delays take: 1 as in reality."""

    time_scale: float = Field(ge=0, le=10)


class PipedriveOrder(_Order):
    """Whether a deleted activity can still be read by its id."""

    deleted_reads: Literal["soft", "gone"]


class LifecycleOrder(_Order):
    """What becomes of a mailbox's subscriptions."""

    email: str = Field(min_length=3, max_length=320)
    event: Literal["missed", "subscriptionRemoved", "reauthorizationRequired"]


class ExpiryOrder(_Order):
    """Whose delta tokens expire; everybody's without an address."""

    email: str | None = Field(default=None, max_length=320)


def control_app(world: World) -> FastAPI:
    """The application to be mounted at ``/_control``."""
    app = FastAPI(title="Sandbox control", openapi_url="/openapi.json", docs_url=None)
    _add_accounts(app, world)
    _add_troubles(app, world)
    _add_manners(app, world)
    _add_observation(app, world)
    _add_microsoft(app, world)
    return app


def _add_accounts(app: FastAPI, world: World) -> None:
    @app.get("/accounts")
    async def accounts() -> dict[str, Any]:
        """Everybody, with the tokens that the emulated APIs take."""
        settings = world.settings
        return world.accounts.model_dump(mode="json") | {
            "oauth_client": {
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.get_secret_value(),
            }
        }

    @app.post("/reset")
    async def reset() -> dict[str, Any]:
        """Forget everything and start with the default accounts."""
        await world.reset()
        return {"ok": True}

    @app.post("/seed")
    async def seed(order: SeedOrder) -> dict[str, Any]:
        """Add accounts that are not there yet."""
        wanted = order.seed or load_seed(
            companies=order.companies, users=order.users, mailboxes=order.mailboxes
        )
        world.seed(wanted)
        return {
            "companies": len(world.accounts.companies),
            "mailboxes": len(world.accounts.mailboxes),
        }

    @app.post("/grants/revoke")
    async def revoke(order: GrantOrder) -> dict[str, Any]:
        """End all access of a user: the app's grants and his own token."""
        emulator = _of_provider(world, order.provider)
        if order.email not in _emails(world, order.provider):
            raise HTTPException(404, "email: no such account")
        ended = emulator.revoke(order.email)
        world.touch()
        return {"ended": ended}

    @app.post("/grants/restore")
    async def restore(order: GrantOrder) -> dict[str, Any]:
        """Make a user's own token good again; the app's grants stay ended."""
        found = _of_provider(world, order.provider).restore(order.email)
        if not found:
            raise HTTPException(404, "email: no such account")
        world.touch()
        return {"ok": True}


def _add_troubles(app: FastAPI, world: World) -> None:
    @app.get("/clock")
    async def clock() -> dict[str, Any]:
        """The sandbox's present moment."""
        return {
            "now": world.clock.now().isoformat(),
            "offset_seconds": world.clock.offset.total_seconds(),
        }

    @app.put("/clock")
    async def set_clock(order: ClockOrder) -> dict[str, Any]:
        """Go to another moment; time goes on from there."""
        if order.now is not None:
            world.clock.set(order.now)
        else:
            world.clock.advance(timedelta(seconds=order.advance_seconds or 0))
        world.touch()
        return await clock()

    @app.get("/faults")
    async def faults() -> dict[str, list[Fault]]:
        """What is armed."""
        return {"items": world.faults.armed()}

    @app.post("/faults", status_code=201)
    async def arm(order: FaultOrder) -> Fault:
        """Arm a fault."""
        try:
            return world.faults.arm(order)
        except ValueError as error:
            raise HTTPException(409, str(error)) from None

    @app.delete("/faults")
    async def disarm_all() -> dict[str, Any]:
        """Take all faults back."""
        world.faults.reset()
        return {"ok": True}

    @app.delete("/faults/{fault_id}")
    async def disarm(fault_id: int) -> dict[str, Any]:
        """Take one fault back."""
        if not world.faults.disarm(fault_id):
            raise HTTPException(404, "fault_id: not armed")
        return {"ok": True}


def _add_manners(app: FastAPI, world: World) -> None:
    @app.put("/deliveries")
    async def set_deliveries(order: DeliveryOrder) -> dict[str, Any]:
        """Let retries come sooner or later."""
        world.deliveries.time_scale = order.time_scale
        world.touch()
        return {"time_scale": order.time_scale}

    @app.get("/pipedrive")
    async def pipedrive() -> dict[str, Any]:
        """How the emulated Pipedrive treats what the vendor does not document."""
        return {"deleted_reads": world.pipedrive.deleted_reads}

    @app.put("/pipedrive")
    async def set_pipedrive(order: PipedriveOrder) -> dict[str, Any]:
        """Change that."""
        world.pipedrive.deleted_reads = order.deleted_reads
        world.touch()
        return await pipedrive()

    @app.get("/pipedrive/companies/{company_id}/plan")
    async def plan(company_id: int) -> dict[str, Any]:
        """The limits of a company, and what it used of its tokens today."""
        company = _company(world, company_id)
        today = world.clock.now().date()
        used = world.pipedrive.budget.used_today(company_id, today)
        return {"plan": company.plan.model_dump(), "tokens_used_today": used}

    @app.put("/pipedrive/companies/{company_id}/plan")
    async def set_plan(company_id: int, wanted: Plan) -> dict[str, Any]:
        """Give a company other limits."""
        _company(world, company_id).plan = wanted
        world.touch()
        return await plan(company_id)

    @app.put("/pipedrive/companies/{company_id}/plan/{name}")
    async def set_vendor_plan(company_id: int, name: VendorPlan) -> dict[str, Any]:
        """Give a company the limits of a plan as it is sold, a seat for each of its users."""
        wanted = vendor_plan(name, len(_company(world, company_id).users))
        return await set_plan(company_id, wanted)


def _add_microsoft(app: FastAPI, world: World) -> None:
    @app.post("/microsoft/lifecycle")
    async def lifecycle(order: LifecycleOrder) -> dict[str, Any]:
        """Tell the subscriptions of a mailbox of their own fate."""
        notifier = Notifier(world)
        meant = [
            one
            for one in world.microsoft.subscriptions.all(world.clock.now())
            if one.email == order.email
        ]
        for one in meant:
            notifier.lifecycle(one, order.event)
        world.touch()
        return {"told": len(meant)}

    @app.post("/microsoft/expire")
    async def expire(order: ExpiryOrder) -> dict[str, Any]:
        """Let the delta tokens of a mailbox, or of all, expire."""
        world.touch()
        return {"calendars": world.microsoft.expire_delta_tokens(order.email)}


def _add_observation(app: FastAPI, world: World) -> None:
    @app.get("/counters")
    async def counters() -> dict[str, Any]:
        """Calls by operation and account, answers by status, mails and deliveries."""
        return {
            "calls": world.calls.counters(),
            "statuses": world.calls.statuses(),
            "mails": world.mails.total,
            "deliveries": _deliveries(world),
        }

    @app.get("/calls")
    async def calls(
        after: int = 0,
        provider: str | None = None,
        operation: str | None = None,
        limit: Annotated[int, Query(ge=1, le=CALLS_PAGE_MAX)] = 1000,
    ) -> dict[str, Any]:
        """The kept calls behind a number, oldest first."""
        found = world.calls.matching(provider=provider, operation=operation, after=after)
        return {"items": [call.as_json() for call, _ in zip(found, range(limit), strict=False)]}

    @app.get("/mails")
    async def mails() -> dict[str, Any]:
        """Mails that a real provider would have sent."""
        return {"items": [mail.as_json() for mail in world.mails.all()]}

    @app.get("/deliveries")
    async def deliveries() -> dict[str, Any]:
        """What became of webhooks and notifications."""
        return _deliveries(world)

    @app.post("/deliveries/idle")
    async def idle(seconds: Annotated[float, Query(ge=0, le=IDLE_S_MAX)] = 10.0) -> dict[str, Any]:
        """Wait until nothing is left to be delivered."""
        try:
            await asyncio.wait_for(world.deliveries.idle(), seconds)
        except TimeoutError:
            raise HTTPException(504, "deliveries: still under way") from None
        return {"ok": True}


def _deliveries(world: World) -> dict[str, Any]:
    counters = world.deliveries.counters
    return {
        "pending": world.deliveries.pending,
        "time_scale": world.deliveries.time_scale,
        "enqueued": counters.enqueued,
        "accepted": counters.accepted,
        "refused": counters.refused,
        "unanswered": counters.unanswered,
        "dropped": counters.dropped,
    }


def _company(world: World, company_id: int) -> Company:
    company = world.pipedrive.companies.get(company_id)
    if company is None:
        raise HTTPException(404, "company_id: no such company")
    return company


def _emails(world: World, provider: str) -> set[str]:
    if provider == "pipedrive":
        return {user.email for _, user in world.pipedrive.users()}
    return {one.email for one in world.accounts.mailboxes if one.provider == provider}


def _of_provider(world: World, provider: str) -> Any:
    match provider:
        case "pipedrive":
            return world.pipedrive
        case "google":
            return world.google
        case "microsoft":
            return world.microsoft
        case "exchange":
            return world.exchange
        case _:
            raise HTTPException(422, f"provider: {provider} is not emulated")
