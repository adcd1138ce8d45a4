"""Microsoft Graph's calendars and its OAuth, as far as a calendar client can tell."""
