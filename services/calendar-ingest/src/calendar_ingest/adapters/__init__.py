"""The calendars' providers, each behind the port of `calendar_ingest.calendars`."""
