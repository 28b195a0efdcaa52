"""The operations, one file for each resource."""
