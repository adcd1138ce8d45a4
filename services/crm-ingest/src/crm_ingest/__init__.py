"""Everything that talks to Pipedrive's activities: reading, watching, writing."""
