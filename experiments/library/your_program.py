"""The program of your-program.yaml: it reads one point per line, and writes its loss as one line.

It may be written in any language. Try it: echo '{"id": 1, "x": [0.5, 1.0]}' | python3 your_program.py
"""

import json
import sys


def answer_lines() -> None:
    """Answer each line of standard input by a line with a loss or an error."""
    for line in sys.stdin:
        asked = json.loads(line)
        x, y = asked["x"]
        if x + y < -3:
            # This point has no loss. The log records the error as the cause.
            answer = {"id": asked["id"], "error": "the mesh is folded"}
        else:
            answer = {"id": asked["id"], "loss": (1 - x) ** 2 + 10 * (y - x * x) ** 2}
        # Flush the answer; otherwise it stays in a buffer of this process.
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    answer_lines()
