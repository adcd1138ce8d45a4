"""Stand-ins for Pipedrive and the calendar providers, stateful, in the vendors' own dialect."""
