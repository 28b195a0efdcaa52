"""``boxoffice doctor``: dangers in the settings, the server and the tables, before they do harm."""
