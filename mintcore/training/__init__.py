"""Training: ground-truth audited models and reference models, with a ledger of what each of them saw."""
