"""Pure statistics: rates, ROC, intervals, p-values. Scores in, numbers out; nothing is read or written."""
