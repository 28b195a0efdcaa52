-- The last events of the shows $1: a hint tells nothing more.
SELECT i.show_id, i.last_seq AS seq, i.last_link AS link FROM show_inventory AS i WHERE i.show_id = ANY ($1::bigint[])
