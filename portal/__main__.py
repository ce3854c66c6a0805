"""`python -m portal` serves. Here only for what must come first: how a start under way is stopped."""

import gc
import os
import signal
import sys

# Until gunicorn has its own handlers. Nothing needs tidying up: each step of a start can be repeated.
for _signal in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_signal, lambda *_: os._exit(0))

if __name__ == "__main__":
    gc.disable()  # until all code is loaded (serving.py): a tenth of the start went into looking for garbage
    # The handlers come before the half second of imports; the settings before gunicorn, which reads
    # WEB_CONCURRENCY itself and would end with a traceback.
    import portal.settings  # noqa: F401, I001
    from gunicorn.app.wsgiapp import run

    sys.argv[1:] = ["--config", "python:portal.serving", "portal.wsgi"]
    run(prog="portal")
