"""Run programs that exchange lines with this process, limit their memory and time, and kill them."""
