# SPDX-License-Identifier: BSD-2-Clause
"""The lab: bonafided behind real MTAs, among real and scripted servers.

A test program reads like this:

    def main():
        with Lab(policy=POLICY) as lab:
            lab.play([
                Case("bare word", "45.20.1.1", "word", "a@good.example",
                     "550 5.5.2 .*"),
            ])

    run(main, "postfix", "sendmail")
"""

from .cases import Case
from .lab import Lab, enter, run

__all__ = ["Case", "Lab", "enter", "run"]
