"""Agents, one kind per file, and the words that they share (agent.py). They propose points and never evaluate."""
