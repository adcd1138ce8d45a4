"""A calendar is read by whoever holds its lease; who has lost it stops."""


class LeaseLostError(Exception):
    """Somebody else reads this calendar now, or it has to be read from the start."""


def held(still: bool) -> None:  # noqa: FBT001 - the answer of a query
    """Raise LeaseLostError where a query says that the lease is not held any more."""
    if not still:
        raise LeaseLostError
