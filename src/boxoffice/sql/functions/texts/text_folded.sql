-- text_folded(text): what a search compares. Upper and lower case are one, and so are the Unicode forms of a
-- text, the German sharp s and 'ss', and the Greek sigma at the end of a word and inside. A database whose
-- letters are those of the locale C folds the case of ASCII letters alone.
CREATE OR REPLACE FUNCTION text_folded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN translate(replace(lower(normalize(p_text, NFKC)), 'ß', 'ss'), 'ς', 'σ');
