"""The service over HTTP: one table of routes, each with its permission, what it takes and what it gives."""
