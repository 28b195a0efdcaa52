"""``boxoffice bench``: the speed of Boxoffice on this machine, beside what the machine could do at most.

Only the command line imports this package. A benchmark touches no database that it has not made.
"""
