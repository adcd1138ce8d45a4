"""Runs the service: `python -m reconciler`."""

import gc

from reconciler.app import create_app
from reconciler.settings import Settings
from tandem.runtime.app import serve
from tandem.runtime.settings import from_environment

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A batch makes many objects that live as long as it; looking through them again is in vain."""

if __name__ == "__main__":
    settings = from_environment(Settings)
    app = create_app(settings)
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    serve(app, settings, service="reconciler")
