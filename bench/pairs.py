"""Pairs of fresh processes, for the comparisons of hfc-host with Python."""
import json
import statistics
import subprocess


def run(command):
    """The last line that a program prints, as JSON."""
    result = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    lines = result.stdout.decode().strip().splitlines()
    return json.loads(lines[-1]) if lines else None


def measure(ours, theirs, count):
    """Runs both commands `count` times. The order alternates. Returns [(ours, theirs)]."""
    pairs = []
    for i in range(count):
        if i % 2 == 0:
            own = run(ours)
            pairs.append((own, run(theirs)))
        else:
            other = run(theirs)
            pairs.append((run(ours), other))
    return pairs


def median_and_range(ratios):
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
