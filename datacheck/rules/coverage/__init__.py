"""Rules DC2xx: coverage and balance."""
