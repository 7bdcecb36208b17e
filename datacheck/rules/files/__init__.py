"""Rules DC1xx: files and pairing."""
