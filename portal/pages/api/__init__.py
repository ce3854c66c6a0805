"""Open data: what is public anyway, as JSON for other programs (docs/schnittstelle.md)."""
