"""The replay of a run as a GIF or an MP4."""
