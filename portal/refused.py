"""What a verb raises when the rules say no, or when the database is too busy to decide."""


class Refused(Exception):
    """The rules say no; the message is a German sentence that the page shows as it is."""


class Busy(Exception):
    """A lock was not had in time, twice: the page answers 503 with Retry-After and keeps the form."""
