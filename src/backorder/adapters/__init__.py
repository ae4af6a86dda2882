"""Adapters talk: to people and programs outside. They do not know one another."""
