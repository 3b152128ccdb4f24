"""A program of your own: a point a line comes in, a loss a line goes out. Any language will do; see your-program.yaml.

Try it alone: echo '{"id": 1, "x": [0.5, 1.0]}' | python3 your_program.py
"""

import json
import sys


def answer_lines() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        x, y = asked["x"]
        if x + y < -3:
            # The point has no loss; the cause is recorded.
            answer = {"id": asked["id"], "error": "the mesh is folded"}
        else:
            answer = {"id": asked["id"], "loss": (1 - x) ** 2 + 10 * (y - x * x) ** 2}
        # Flushed, or the answer stays in this process.
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    answer_lines()
