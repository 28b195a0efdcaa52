"""A made-up domain, which calls people to their seats: what a domain brings, in the files that each has."""
