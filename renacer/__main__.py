"""``python -m renacer`` is the ``renacer`` command."""

import sys

from renacer.cli import main

sys.exit(main())
