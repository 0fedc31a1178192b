"""The wire format: one file per routes file, and the fields they share."""
