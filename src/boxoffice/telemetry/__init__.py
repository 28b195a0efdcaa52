"""What is told about a running program: logs, metrics and traces."""
