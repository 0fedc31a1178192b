"""Tests of what is told to customers and to shops."""
