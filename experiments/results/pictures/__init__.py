"""What pictures of a run rest on: its surface, the plane on which it is shown, its bounds as stored."""
