"""What operators set: read once from the environment and from ``.env``."""
