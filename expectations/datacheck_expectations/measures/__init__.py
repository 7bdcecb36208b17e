"""What expectations are evaluated on: pure functions from a contract frame to numbers."""
