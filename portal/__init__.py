"""The project package and shared kernel."""
