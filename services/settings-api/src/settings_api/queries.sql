-- name: put_user!
INSERT INTO settings.users (company_id, user_id, company_name, email, name, time_zone, locale,
    is_admin, crm_credential_id, crm_api_url)
VALUES (:company_id, :user_id, :company_name, :email, :name, :time_zone, :locale, :is_admin,
    :crm_credential_id, :crm_api_url)
ON CONFLICT (company_id, user_id) DO UPDATE SET company_name = excluded.company_name,
    email = excluded.email, name = excluded.name, time_zone = excluded.time_zone,
    locale = excluded.locale, is_admin = excluded.is_admin,
    crm_credential_id = excluded.crm_credential_id, crm_api_url = excluded.crm_api_url,
    signed_in_at = now();

-- name: user_by_id^
SELECT * FROM settings.users WHERE company_id = :company_id AND user_id = :user_id;

-- name: add_oauth_state!
INSERT INTO settings.oauth_states
    (state_hash, provider, browser_hash, company_id, user_id, email, verifier, expires_at)
VALUES (:state_hash, :provider, :browser_hash, :company_id, :user_id, :email, :verifier,
    :expires_at);

-- name: take_oauth_state^
-- Each state is good for one callback.
DELETE FROM settings.oauth_states WHERE state_hash = :state_hash AND provider = :provider
RETURNING *;

-- name: add_session!
INSERT INTO settings.sessions (token_hash, company_id, user_id, csrf_token)
VALUES (:token_hash, :company_id, :user_id, :csrf_token);

-- name: see_session^
-- The user of a session that is neither too old nor too long unused.
UPDATE settings.sessions s SET seen_at = :now::timestamptz FROM settings.users u
WHERE s.token_hash = :token_hash AND s.created_at > :born_after AND s.seen_at > :seen_after
  AND (u.company_id, u.user_id) = (s.company_id, s.user_id)
RETURNING u.*, s.csrf_token;

-- name: delete_session!
DELETE FROM settings.sessions WHERE token_hash = :token_hash;

-- name: forget_expired!
WITH states AS (DELETE FROM settings.oauth_states WHERE expires_at < :now)
DELETE FROM settings.sessions WHERE created_at < :born_after OR seen_at < :seen_after;

-- name: add_api_token!
INSERT INTO settings.api_tokens (token_id, token_hash, company_id, user_id, name)
VALUES (:token_id, :token_hash, :company_id, :user_id, :name);

-- name: see_api_token^
UPDATE settings.api_tokens t SET used_at = :now::timestamptz FROM settings.users u
WHERE t.token_hash = :token_hash AND (u.company_id, u.user_id) = (t.company_id, t.user_id)
RETURNING u.*;

-- name: api_tokens_of
SELECT token_id, name, created_at, used_at FROM settings.api_tokens
WHERE company_id = :company_id AND user_id = :user_id ORDER BY created_at;

-- name: delete_api_token^
DELETE FROM settings.api_tokens
WHERE token_id = :token_id AND company_id = :company_id AND user_id = :user_id
RETURNING token_id;

-- name: add_connection!
INSERT INTO settings.connections (connection_id, company_id, user_id, provider, email,
    calendar_credential_id, settings)
VALUES (:connection_id, :company_id, :user_id, :provider, :email, :calendar_credential_id,
    :settings);

-- name: connections_of
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.company_id = :company_id AND c.user_id = :user_id AND c.removed_at IS NULL
ORDER BY c.created_at, c.connection_id;

-- name: connections_of_company
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.company_id = :company_id AND c.removed_at IS NULL
ORDER BY c.user_id, c.created_at;

-- name: all_connections
-- A page of every connection, removed ones that still wait too.
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.connection_id > :after AND NOT c.released ORDER BY c.connection_id LIMIT :limit;

-- name: connection_by_id^
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.connection_id = :connection_id;

-- name: lock_connection^
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.connection_id = :connection_id FOR UPDATE OF c;

-- name: store_connection!
UPDATE settings.connections SET settings = :settings, started = :started, revision = :revision,
    reports = :reports, removed_at = :removed_at, remove_events = :remove_events,
    released = :released
WHERE connection_id = :connection_id;

-- name: to_release
-- Removed connections that nothing needs any more, or that have waited for too long.
SELECT connection_id, provider, calendar_credential_id FROM settings.connections
WHERE removed_at IS NOT NULL AND (released OR removed_at < :before)
ORDER BY removed_at LIMIT 100 FOR UPDATE SKIP LOCKED;

-- name: delete_connection!
DELETE FROM settings.connections WHERE connection_id = :connection_id;
