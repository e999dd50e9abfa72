"""The five stages of a run: plan, generate, extract, score, aggregate. Each reads files and writes files."""
