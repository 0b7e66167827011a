"""The trials behind ``docs/lab-notebook.md``: what from inside a model tells that it was trained on an image."""
