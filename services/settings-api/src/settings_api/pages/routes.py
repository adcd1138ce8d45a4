"""All routers of the pages."""

from typing import Final

from settings_api.pages import accounts, assets, company, connection, front, live, records

PAGES: Final = (
    assets.router,
    front.router,
    accounts.router,
    connection.router,
    records.router,
    company.router,
    live.router,
)
