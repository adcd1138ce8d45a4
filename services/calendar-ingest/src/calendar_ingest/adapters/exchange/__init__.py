"""Exchange on premises behind the port of `calendar_ingest.calendars`, through exchangelib."""
