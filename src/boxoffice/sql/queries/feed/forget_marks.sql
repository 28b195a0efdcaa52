-- Deletes the marks of transactions before $1 (text).
SELECT forget_marks($1::text::xid8)
