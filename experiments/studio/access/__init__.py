"""Who may ask the studio, and for what."""
