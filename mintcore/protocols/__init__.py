"""The protocols of the evaluation: experiments with a fixed definition; each is one command that prints its table."""
