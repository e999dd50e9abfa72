"""What benchmarks are built with: file index, lists, registration, manifests."""
