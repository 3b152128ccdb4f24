"""The playground's runs: its settings and limits, and the warm processes that work the runs."""
