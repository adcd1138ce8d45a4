"""A request to Graph, whoever built it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GraphRequest:
    """What is sent; the client adds the account's token and our preferences."""

    method: str
    url: str
    content: bytes = b""
