"""One module per stack: it picks constructs and joins them, and creates next to nothing itself."""
