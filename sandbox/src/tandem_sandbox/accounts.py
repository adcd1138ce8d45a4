"""Owns who exists in the sandbox: companies, their Pipedrive users, and mailboxes.

Every id and token is a function of the e-mail address, so that two sandboxes with the same
seed take the same clients.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

TIMEZONES = ("Europe/Stockholm", "America/New_York", "Asia/Kolkata")
LOCALES = ("sv_SE", "en_US", "en_IN")
MICROSOFT_EMAILS = ("sales1.north@outlook.com", "sales2@north.onmicrosoft.com")
"""A personal account and one of Office 365."""
EXCHANGE_EMAILS = ("sales1@onprem.example", "sales2@onprem.example")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone") from None
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]


def static_token(provider: str, email: str) -> str:
    """The token that ``email`` always has at ``provider``: 40 hexadecimal digits."""
    return sha256(f"{provider}:{email}".encode()).hexdigest()[:40]


class CalendarSeed(BaseModel):
    """A calendar of a mailbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=320)
    summary: str = Field(max_length=255)
    primary: bool = False
    access_role: Literal["owner", "writer", "reader", "freeBusyReader"] = "owner"


class MailboxSeed(BaseModel):
    """A mailbox with its calendars."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: str = Field(min_length=3, max_length=320)
    name: str = Field(max_length=255)
    provider: Literal["google", "microsoft", "exchange"] = "google"
    timezone: TimeZone = "Europe/Stockholm"
    locale: str = "en_US"
    token: str
    password: str = ""
    """Only Exchange on premises asks for one."""
    calendars: tuple[CalendarSeed, ...]


class UserSeed(BaseModel):
    """A Pipedrive user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int = Field(ge=1)
    email: str = Field(min_length=3, max_length=320)
    name: str = Field(max_length=255)
    is_admin: bool = False
    timezone: TimeZone = "Europe/Stockholm"
    locale: str = "en_US"
    token: str


class CompanySeed(BaseModel):
    """A Pipedrive company."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int = Field(ge=1)
    name: str = Field(max_length=255)
    domain: str = Field(max_length=255)
    users: tuple[UserSeed, ...] = Field(min_length=1)


class Seed(BaseModel):
    """Everybody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    companies: tuple[CompanySeed, ...] = ()
    mailboxes: tuple[MailboxSeed, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> "Seed":
        users = [user for company in self.companies for user in company.users]
        for name, values in (
            ("companies.id", [company.id for company in self.companies]),
            ("users.id", [user.id for user in users]),
            ("users.email", [user.email for user in users]),
            ("users.token", [user.token for user in users]),
            ("mailboxes.email", [(one.provider, one.email) for one in self.mailboxes]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"{name}: one occurs twice")
        return self

    def joined(self, other: "Seed") -> "Seed":
        """Both, with the companies and mailboxes of ``other`` that are new."""
        ids = {company.id for company in self.companies}
        emails = {(mailbox.provider, mailbox.email) for mailbox in self.mailboxes}
        return Seed(
            companies=self.companies + tuple(c for c in other.companies if c.id not in ids),
            mailboxes=self.mailboxes
            + tuple(m for m in other.mailboxes if (m.provider, m.email) not in emails),
        )


def mailbox(
    email: str,
    *,
    name: str,
    timezone: str,
    locale: str,
    provider: Literal["google", "microsoft", "exchange"] = "google",
) -> MailboxSeed:
    """A mailbox: primary calendar, one more of its own, one that it only reads."""
    local, _, host = email.partition("@")
    return MailboxSeed(
        email=email,
        name=name,
        provider=provider,
        timezone=timezone,
        locale=locale,
        token=static_token(provider, email),
        password=static_token("password", email)[:20] if provider == "exchange" else "",
        calendars=(
            CalendarSeed(id=email, summary=email, primary=True),
            CalendarSeed(id=f"{local}.projects@{host}", summary="Projects"),
            CalendarSeed(
                id=f"{local}.holidays@{host}", summary="Public holidays", access_role="reader"
            ),
        ),
    )


def company(company_id: int, name: str, *, users: int = 3) -> Seed:
    """A company whose first user is its admin, each user with a mailbox of the same address."""
    domain = name.lower()
    people = tuple(_people(company_id, domain, users))
    return Seed(
        companies=(CompanySeed(id=company_id, name=name, domain=domain, users=people),),
        mailboxes=tuple(
            mailbox(user.email, name=user.name, timezone=user.timezone, locale=user.locale)
            for user in people
        ),
    )


def default_seed() -> Seed:
    """Companies North (1001) and South (2002), three users each, and other providers' mailboxes."""
    mailboxes = (
        *_mailboxes_at("microsoft", MICROSOFT_EMAILS),
        *_mailboxes_at("exchange", EXCHANGE_EMAILS),
    )
    return company(1001, "North").joined(company(2002, "South")).joined(Seed(mailboxes=mailboxes))


def _mailboxes_at(
    provider: Literal["microsoft", "exchange"], emails: tuple[str, ...]
) -> Iterator[MailboxSeed]:
    for number, email in enumerate(emails, 1):
        yield mailbox(
            email,
            name=f"North Sales {number}",
            timezone=TIMEZONES[number - 1],
            locale=LOCALES[number - 1],
            provider=provider,
        )


def load_seed(*, companies: int, users: int, mailboxes: int) -> Seed:
    """Companies ``load1``, ``load2``… for load tests.

    Args:
        companies: Number of companies.
        users: Users of each company.
        mailboxes: How many of each company's users have a mailbox.
    """
    parts = [
        company(100_000 + number, f"Load{number}", users=users)
        for number in range(1, companies + 1)
    ]
    return Seed(
        companies=tuple(one for part in parts for one in part.companies),
        mailboxes=tuple(one for part in parts for one in part.mailboxes[:mailboxes]),
    )


def _people(company_id: int, domain: str, users: int) -> Iterator[UserSeed]:
    for number in range(1, users + 1):
        email = f"sales{number}@{domain}.example"
        yield UserSeed(
            id=company_id * 1000 + number,
            email=email,
            name=f"{domain.capitalize()} Sales {number}",
            is_admin=number == 1,
            timezone=TIMEZONES[(number - 1) % len(TIMEZONES)],
            locale=LOCALES[(number - 1) % len(LOCALES)],
            token=static_token("pipedrive", email),
        )
