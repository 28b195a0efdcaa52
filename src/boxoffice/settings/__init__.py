"""What operators set, in groups; read once from the environment and from ``.env``."""
