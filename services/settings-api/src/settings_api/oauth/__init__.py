"""Grants of accounts: sign-in with Pipedrive, and calendar accounts."""
