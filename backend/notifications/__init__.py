"""What is told to customers and to shops: an adapter for each way out, and no database."""
