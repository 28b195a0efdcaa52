-- How many consumers of the benchmark are told what happens, from their making on.
SELECT count(*) AS consumers FROM feed_consumers WHERE consumer LIKE 'bench-%'
