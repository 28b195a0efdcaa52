-- flip_bits(taken, bits, value): one chunk of a map with these bits set to value (1 taken, 0 free).
CREATE OR REPLACE FUNCTION flip_bits(p_taken bit varying, p_bits integer[], p_value integer) RETURNS bit varying
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_bit integer;
BEGIN
    FOREACH v_bit IN ARRAY p_bits LOOP
        p_taken := set_bit(p_taken, v_bit, p_value);
    END LOOP;
    RETURN p_taken;
END $$;
