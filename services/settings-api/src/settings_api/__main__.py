"""Runs the service: `python -m settings_api`."""

from settings_api.app import create_app
from settings_api.settings import Settings
from tandem.runtime.app import serve
from tandem.runtime.settings import from_environment

if __name__ == "__main__":
    settings = from_environment(Settings)
    serve(create_app(settings), settings, service="settings-api")
