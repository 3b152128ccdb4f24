"""Writes the reference pages when the site is built: from the catalogue, the JSON schema and the command line."""
