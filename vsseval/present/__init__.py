"""Everything that a person looks at: tables, plots and the report, made from finished records alone."""
