-- user_view(user): the user as views.User tells it.
CREATE OR REPLACE FUNCTION user_view(p_user users) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_object(
    'id', p_user.user_id, 'name', p_user.name, 'email', p_user.email, 'email_verified', p_user.email_verified,
    'created_at', p_user.created_at, 'updated_at', p_user.updated_at
);
