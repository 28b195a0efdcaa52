"""Live seats: the state of each place of a show, told to whoever watches, as it changes."""
