"""Runs Tandem on one machine without containers: broker, database, sandbox and services."""
