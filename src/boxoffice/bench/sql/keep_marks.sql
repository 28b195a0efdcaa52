-- Marks are written again.
DROP RULE no_marks ON feed_marks
