"""Rating: usage and prices become invoice lines. One module is one pricing model; ``rate`` joins them."""
