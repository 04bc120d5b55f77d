"""One page about one run: HTML that needs no network, no script and no other file."""
