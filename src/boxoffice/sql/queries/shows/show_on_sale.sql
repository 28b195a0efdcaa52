-- Whether show $1 exists and is not deleted.
SELECT EXISTS (SELECT FROM show_inventory WHERE show_id = $1 AND deleted_at IS NULL)
