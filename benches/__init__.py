"""What the README claims, measured: `make bench`. Every library computes on one thread."""

import os

# Read by the libraries when they load, which is after this package.
os.environ.update(dict.fromkeys(("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
