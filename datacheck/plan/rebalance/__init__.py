"""Which way of rebalancing the classes helps on this dataset."""
