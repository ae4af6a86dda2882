"""The kernel thinks: columns and values in, columns and values out. No SQL, clock or I/O."""
