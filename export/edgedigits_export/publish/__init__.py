"""What stands beside the files in a bundle, and how it appears whole, or not at all: in quarantine then."""
