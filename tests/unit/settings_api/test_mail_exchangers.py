"""Providers of domains, as the DNS tells."""

import pytest

from settings_api.email_providers import KnownDomains
from settings_api.mail_exchangers import MailExchangers, resolve_mx
from tandem.contracts.connections import Provider


@pytest.mark.parametrize(
    ("hosts", "provider"),
    [
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], Provider.GOOGLE),
        (["smtp.google.com"], Provider.GOOGLE),
        (["north-example.mail.protection.outlook.com"], Provider.MICROSOFT),
        (["north.k-v1.mx.microsoft"], Provider.MICROSOFT),
        (["spam-filter.example", "aspmx.l.google.com"], Provider.GOOGLE),
        (["mail.north.example"], None),
        (["evilgoogle.com", "google.com.evil.example"], None),
        ([], None),
    ],
)
async def test_who_takes_the_mail_keeps_the_calendar(hosts: list[str], provider: Provider | None):
    async def resolve(domain: str) -> list[str]:
        assert domain == "north.example"
        return hosts

    exchangers = MailExchangers(KnownDomains({}), resolve)
    assert await exchangers.of_domain("north.example") is provider


async def test_the_dns_is_not_asked_about_a_domain_that_is_known():
    async def resolve(domain: str) -> list[str]:
        raise AssertionError(domain)

    exchangers = MailExchangers(KnownDomains({"north.example": Provider.GOOGLE}), resolve)
    assert await exchangers.of_domain("north.example") is Provider.GOOGLE
    assert await exchangers.of_domain("gmail.com") is Provider.GOOGLE
    assert await exchangers.of_domain("contoso.onmicrosoft.com") is Provider.MICROSOFT


@pytest.mark.parametrize("domain", ["a..b", "x" * 64 + ".example", "under_score.invalid"])
async def test_a_domain_that_cannot_be_looked_up_has_no_exchangers(
    domain: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("settings_api.mail_exchangers.LOOKUP_S_MAX", 0.05)
    assert await resolve_mx(domain) == []
