"""Training code as values: what each name holds, followed within a file; nothing is executed."""
