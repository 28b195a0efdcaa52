-- Notes that consumer $1 was told of the fork of show $2.
UPDATE feed_forks SET told = true WHERE consumer = $1 AND show_id = $2
