-- name: outdate!
-- Whatever was told since the backup must be older than what is told from now on.
UPDATE settings.connections SET revision = revision + 1000;

-- name: sign_everybody_out!
-- A session that was ended since the backup must not live again.
WITH states AS (DELETE FROM settings.oauth_states)
DELETE FROM settings.sessions;

-- name: every_connection
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE NOT c.released ORDER BY c.connection_id;
