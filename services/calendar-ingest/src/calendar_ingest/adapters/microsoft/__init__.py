"""Microsoft Graph (Outlook.com and Office 365) behind the port of `calendar_ingest.calendars`."""
