"""What an operator should know before it hurts: the settings, the server and the tables, each judged."""
