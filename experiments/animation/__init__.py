"""Replays of runs as GIF or MP4 files."""
