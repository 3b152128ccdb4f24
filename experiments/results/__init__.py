"""Results as tables: read from a log, nothing drawn."""
