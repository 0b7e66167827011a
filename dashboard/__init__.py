"""The pages: they ask the engine and draw what it answers."""
