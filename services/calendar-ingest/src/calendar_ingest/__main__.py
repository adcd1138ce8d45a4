"""Runs the service: `python -m calendar_ingest`."""

from calendar_ingest.app import create_app
from calendar_ingest.settings import Settings
from tandem.runtime.app import serve
from tandem.runtime.settings import from_environment

if __name__ == "__main__":
    settings = from_environment(Settings)
    serve(create_app(settings), settings, service="calendar-ingest")
