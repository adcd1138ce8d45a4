"""Everything that talks to a calendar; it never decides what is synced."""
