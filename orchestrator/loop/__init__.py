"""The loop of a run: decide, grant, collect, fold; and the checks of each decision and of each replayed event."""
