"""`make bench`: every figure of the README, as tables."""

import subprocess
import sys

from benches import capture, export, overhead

COMPUTE = [
    sys.executable, "-m", "pytest", "benches/bench_compute.py", "-q", "-p", "no:timeout",
    "--benchmark-columns=median,iqr", "--benchmark-sort=fullname", "--benchmark-group-by=group",
    "--benchmark-max-time=0.2", "--benchmark-warmup=on",
]  # fmt: skip
PEERS = [sys.executable, "-m", "benches.peers"]
MATRIX = [sys.executable, "-m", "benches.bench_matrix"]


def main() -> int:
    """Run all of them; the exit status is pytest-benchmark's."""
    capture.main()
    export.main()
    overhead.main()
    subprocess.run(PEERS, check=True)
    subprocess.run(MATRIX, check=True)
    return subprocess.run(COMPUTE, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
