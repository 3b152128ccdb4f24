"""Access control of the studio: hosts, origins, request sizes and the token."""
