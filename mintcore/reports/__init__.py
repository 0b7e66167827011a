"""Reports: one question, its answer and the evidence, to hand on; the same in HTML, PDF, JSON and CSV."""
