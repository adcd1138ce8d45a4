"""Pipedrive as its documents and its observed behaviour describe it: REST v1 and v2, OAuth, webhooks."""
