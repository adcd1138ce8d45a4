"""Runs the service: `python -m reconciler`."""

from reconciler.app import create_app
from reconciler.settings import Settings
from tandem.runtime.app import serve
from tandem.runtime.settings import from_environment

if __name__ == "__main__":
    settings = from_environment(Settings)
    serve(create_app(settings), settings, service="reconciler")
