"""The report and its parts: plots, players, clips worth listening to; made from finished records and their media."""
