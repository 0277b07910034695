# SPDX-License-Identifier: BSD-2-Clause
"""python3 -m lab: makes the roots of all servers that are not there yet."""

import sys

from . import kernel, roots

try:
    roots.prepare(roots.PACKAGES)
except kernel.Unsupported as error:
    sys.exit(f"lab: {error}")
