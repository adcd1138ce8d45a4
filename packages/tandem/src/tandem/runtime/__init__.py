"""What every service runs on: settings, broker, database, failures, telemetry, health."""
