"""Training of the small configuration, from rendered clips to weights that can be shipped."""
