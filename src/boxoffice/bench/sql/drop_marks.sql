-- Marks are not written in this database from now on.
CREATE RULE no_marks AS ON INSERT TO feed_marks DO INSTEAD NOTHING
