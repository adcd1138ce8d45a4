"""Google Calendar behind the port of `calendar_ingest.calendars`."""
