"""Queries show: one SELECT per screen where it can be, and nothing is written."""
