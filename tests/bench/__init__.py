"""How fast, how small and how steady Batua is, always beside a floor measured in the same run."""
