"""The page at `/`: plain modules and styles, served as they are."""
