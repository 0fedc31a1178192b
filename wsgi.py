"""The application as gunicorn and the flask command find it."""

import sys

from backend import create_app
from backend.config import BadSettings
from backend.db import UnfitDatabase

APP_LOAD_ERROR = 4  # The exit code on which gunicorn gives up instead of starting over.

try:
    app = create_app()
except (BadSettings, UnfitDatabase) as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(APP_LOAD_ERROR)
