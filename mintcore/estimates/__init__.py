"""What work will take, said before it begins. Needs no torch."""
