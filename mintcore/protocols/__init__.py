"""The protocols of the evaluation: experiments with a fixed definition, each one command that prints its table again."""
