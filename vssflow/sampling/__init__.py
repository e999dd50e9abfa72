"""From noise to sound: the authors' adaptive sampler, and a fast one on the same field."""
