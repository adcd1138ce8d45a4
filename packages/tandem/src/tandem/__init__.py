"""Tandem: contracts and runtime that its services share."""
