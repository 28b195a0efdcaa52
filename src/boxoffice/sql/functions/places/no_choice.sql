-- no_choice(code, details): the choice of a picker that finds no places: the refusal's code and details.
CREATE OR REPLACE FUNCTION no_choice(p_code text, p_details jsonb) RETURNS seat_choice
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(p_code, p_details, NULL, NULL, NULL)::seat_choice;
