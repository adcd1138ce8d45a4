"""Rows of the schema `sync` as values, and back; a fixed number of statements for any batch."""

from reconciler.repository.queries import PAGE_MAX, QUERIES, UserKey, user_key

__all__ = ["PAGE_MAX", "QUERIES", "UserKey", "user_key"]
