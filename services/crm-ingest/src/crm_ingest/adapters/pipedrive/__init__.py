"""Pipedrive's dialect; nothing of it leaves this package."""
