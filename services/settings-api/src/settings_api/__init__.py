"""Companies, users, sign-in, connections and their settings, and the REST API."""
