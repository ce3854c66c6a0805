"""Public pages that compose several apps: TOP LAYER, may import every app, imported by `urls.py` only."""
