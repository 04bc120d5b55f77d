"""Writes data/activity.csv: what a watch might have recorded of people who walk, run, bike and play golf.

    python data/make_activity.py data/activity.csv

Every number is drawn from a normal distribution, by activity:

                speed (km/h)   heart (beats/min)   steps (a minute)   time (minutes)
    walking      5.0 +- 0.8        108 +- 9            112 +- 8          45 +- 15
    running     10.5 +- 1.6        154 +- 11           164 +- 9          40 +- 12
    biking      19.0 +- 4.5        132 +- 13             8 +- 5          75 +- 25
    golfing      4.6 +- 0.9         98 +- 9             62 +- 11        215 +- 35

so golfing is as fast as walking, and only the other columns tell them apart; a few slow bikers are as fast as runners.
"""

import sys
from pathlib import Path

import numpy as np

SEED, ROWS_EACH = 7, 100
COLUMNS = ("speed_kmh", "heart_rate", "steps_per_minute", "minutes")
DIGITS = (1, 0, 0, 0)
SMALLEST = (0.5, 60, 0, 5)

ACTIVITIES = {
    "walking": ((5.0, 0.8), (108, 9), (112, 8), (45, 15)),
    "running": ((10.5, 1.6), (154, 11), (164, 9), (40, 12)),
    "biking": ((19.0, 4.5), (132, 13), (8, 5), (75, 25)),
    "golfing": ((4.6, 0.9), (98, 9), (62, 11), (215, 35)),
}
"""Mean and standard deviation of each column."""


def rows() -> list[str]:
    rng = np.random.default_rng(SEED)
    lines = []
    for activity, distributions in ACTIVITIES.items():
        for _ in range(ROWS_EACH):
            pairs = zip(distributions, SMALLEST, strict=True)
            drawn = [max(rng.normal(mean, deviation), low) for (mean, deviation), low in pairs]
            cells = [f"{number:.{digits}f}" for number, digits in zip(drawn, DIGITS, strict=True)]
            lines.append(",".join([*cells, activity]))
    return [lines[index] for index in rng.permutation(len(lines))]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("\n".join([",".join([*COLUMNS, "activity"]), *rows()]) + "\n")
