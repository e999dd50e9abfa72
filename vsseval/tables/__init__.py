"""Tables for people: of runs, comparisons, verdicts and plans, in every style; made from finished records alone."""
