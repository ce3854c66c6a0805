"""`python -m portal` serves. Here only for what must come first: how a start under way is stopped."""

import os
import signal
import sys

# Until gunicorn has its own handlers. Nothing needs tidying up: each step of a start can be repeated.
for _signal in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_signal, lambda *_: os._exit(0))

if __name__ == "__main__":
    from gunicorn.app.wsgiapp import run  # the handlers come before the half second of imports

    sys.argv[1:] = ["--config", "python:portal.serving", "portal.wsgi"]
    run(prog="portal")
