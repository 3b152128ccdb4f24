"""The command try: what someone wrote is checked against its contract in a sandbox, and raced against what is known."""
