"""Past one process: pieces of work for workers on this machine or on a Ray cluster."""
