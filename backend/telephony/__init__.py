"""What calls customers by telephone: a port, an adapter for each provider, and no database."""
