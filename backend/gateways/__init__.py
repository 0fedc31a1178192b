"""Payment gateways: one port, one adapter for each, and nothing of theirs beyond this folder."""
