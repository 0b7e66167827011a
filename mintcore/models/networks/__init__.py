"""The networks of this project, one module a family."""
