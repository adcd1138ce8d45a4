"""The named queries of the schema `settings`."""

from typing import Final

from tandem.runtime.postgres import named_queries

QUERIES: Final = named_queries("settings_api")
