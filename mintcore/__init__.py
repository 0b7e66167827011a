"""The engine: audited models, datasets, extraction, auditors, evaluation, audits, reports and jobs."""
