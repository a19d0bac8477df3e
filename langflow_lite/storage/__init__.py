"""SQLite storage: one writer that takes whole units of work, and readers."""
