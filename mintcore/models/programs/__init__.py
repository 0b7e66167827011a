"""Programs that torch.export wrote, run as data: no code of theirs is ever executed."""
