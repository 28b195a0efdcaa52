"""The commands of ``boxoffice``."""
