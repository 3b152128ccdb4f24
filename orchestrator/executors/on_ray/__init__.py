"""The executor on Ray: connections, actors, tasks, jobs and what travels to the nodes."""
