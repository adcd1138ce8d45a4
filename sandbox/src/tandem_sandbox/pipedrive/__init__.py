"""The emulated Pipedrive: API v2, what is left of v1, OAuth, webhooks, budgets."""
