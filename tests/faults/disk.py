"""A small disk of its own for a test to fill: a tmpfs, which root may mount."""

import os
import subprocess

import pytest

CHUNKS = (1 << 20, 1 << 12, 1)  # bytes


class Disk:
    """`megabytes` at `path`; without root an ordinary folder, which cannot be filled."""

    def __init__(self, path, megabytes):
        self.path, self.mounted = path, os.geteuid() == 0
        path.mkdir(parents=True)
        if self.mounted:
            options = f"size={megabytes}m,mode=0755"
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)

    @property
    def _filler(self):
        return self.path / "filler"

    def fill(self):
        """Not one byte is left."""
        if not self.mounted:
            pytest.skip("eine kleine Platte einhängen darf nur root")
        with self._filler.open("ab", buffering=0) as file:
            for chunk in CHUNKS:
                try:
                    while True:
                        file.write(b"\0" * chunk)
                except OSError:
                    continue

    def free(self):
        self._filler.unlink(missing_ok=True)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.path], check=True)
