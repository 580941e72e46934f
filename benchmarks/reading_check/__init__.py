"""Reading, measured on the project's own pictures: what `make check-reading` runs."""
