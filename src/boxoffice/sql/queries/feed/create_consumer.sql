-- Makes consumer $1 of kind $2, for the shows $3, who may see persons ($4), with config $5; $6: from the
-- start.
SELECT create_consumer($1, $2, $3, $4, $5, $6) AS created
