"""`python -m edgedigits` is `edgedigits`."""

from edgedigits.cli import main

main()
