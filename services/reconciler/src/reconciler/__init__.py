"""Reconciler: links, bases, rules and history; turns observations into commands."""
