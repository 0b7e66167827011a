"""The doctor: what works here and what does not, and how to mend it. Needs no torch in its own process."""
