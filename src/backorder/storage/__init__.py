"""Storage remembers: SQLAlchemy Core, a fixed number of statements per batch."""
