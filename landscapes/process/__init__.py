"""Programs that one talks to: lines in and out, limits of memory and time, and how they are killed."""
