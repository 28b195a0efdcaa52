"""``boxoffice bench``: load on this machine, what it reaches, and what of it could be reached at all.

Nothing else of the program imports this package. It never touches a database that it has not made.
"""
