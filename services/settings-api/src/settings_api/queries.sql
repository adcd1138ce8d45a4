-- name: put_company!
INSERT INTO settings.companies (company_id, name, domain) VALUES (:company_id, :name, :domain)
ON CONFLICT (company_id) DO UPDATE SET name = excluded.name, domain = excluded.domain;

-- name: put_user$
-- A user who is known keeps the id of his credential.
INSERT INTO settings.users AS u (company_id, user_id, email, name, time_zone, locale, is_admin,
    crm_credential_id, crm_api_url, signed_in_at)
VALUES (:company_id, :user_id, :email, :name, :time_zone, :locale, :is_admin,
    :crm_credential_id, :crm_api_url, :now)
ON CONFLICT (company_id, user_id) DO UPDATE SET email = excluded.email, name = excluded.name,
    time_zone = excluded.time_zone, locale = excluded.locale, is_admin = excluded.is_admin,
    crm_api_url = excluded.crm_api_url, signed_in_at = excluded.signed_in_at
RETURNING u.crm_credential_id;

-- name: user_by_id^
SELECT u.*, c.name AS company_name, c.domain AS company_domain FROM settings.users u
JOIN settings.companies c USING (company_id)
WHERE u.company_id = :company_id AND u.user_id = :user_id;

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
INSERT INTO settings.sessions (token_hash, company_id, user_id, csrf_token, created_at, seen_at)
VALUES (:token_hash, :company_id, :user_id, :csrf_token, :now, :now);

-- name: see_session^
-- The user of a session that is neither too old nor too long unused.
UPDATE settings.sessions s SET seen_at = :now
FROM settings.users u JOIN settings.companies c USING (company_id)
WHERE s.token_hash = :token_hash AND s.created_at > :born_after AND s.seen_at > :seen_after
  AND (u.company_id, u.user_id) = (s.company_id, s.user_id)
RETURNING u.*, c.name AS company_name, c.domain AS company_domain, s.csrf_token;

-- name: delete_session!
DELETE FROM settings.sessions WHERE token_hash = :token_hash;

-- name: delete_sessions_of!
DELETE FROM settings.sessions WHERE company_id = :company_id AND user_id = :user_id;

-- name: forget_expired!
WITH states AS (DELETE FROM settings.oauth_states WHERE expires_at < :now),
rates AS (DELETE FROM settings.rates WHERE empty_at < :now),
repeats AS (DELETE FROM settings.repeats WHERE claimed_at < :repeats_before)
DELETE FROM settings.sessions WHERE created_at < :born_after OR seen_at < :seen_after;

-- name: add_api_token!
INSERT INTO settings.api_tokens
    (token_id, token_hash, company_id, user_id, name, scope, created_at)
VALUES (:token_id, :token_hash, :company_id, :user_id, :name, :scope, :now);

-- name: see_api_token^
UPDATE settings.api_tokens t SET used_at = :now
FROM settings.users u JOIN settings.companies c USING (company_id)
WHERE t.token_hash = :token_hash AND (u.company_id, u.user_id) = (t.company_id, t.user_id)
RETURNING u.*, c.name AS company_name, c.domain AS company_domain, t.scope;

-- name: api_tokens_of
SELECT token_id, name, scope, created_at, used_at FROM settings.api_tokens
WHERE company_id = :company_id AND user_id = :user_id ORDER BY created_at;

-- name: delete_api_token^
DELETE FROM settings.api_tokens
WHERE token_id = :token_id AND company_id = :company_id AND user_id = :user_id
RETURNING token_id;

-- name: add_connection!
INSERT INTO settings.connections (connection_id, company_id, user_id, provider, email,
    calendar_credential_id, settings, created_at)
VALUES (:connection_id, :company_id, :user_id, :provider, :email, :calendar_credential_id,
    :settings, :now);

-- name: connections_of
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.company_id = :company_id AND c.user_id = :user_id AND c.removed_at IS NULL
ORDER BY c.created_at, c.connection_id;

-- name: connections_of_company
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.company_id = :company_id AND c.removed_at IS NULL
    AND (c.user_id, c.connection_id) > (:after_user, :after_connection)
ORDER BY c.user_id, c.connection_id
LIMIT :most;

-- name: lock_connections_of
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.company_id = :company_id AND c.user_id = :user_id AND c.removed_at IS NULL
ORDER BY c.connection_id FOR UPDATE OF c;

-- name: lock_page
-- A page of every connection, removed ones that still wait too.
SELECT c.*, u.email AS owner_email, u.time_zone, u.crm_credential_id, u.crm_api_url
FROM settings.connections c JOIN settings.users u USING (company_id, user_id)
WHERE c.connection_id > :after AND NOT c.released ORDER BY c.connection_id LIMIT :limit
FOR UPDATE OF c;

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

-- name: take_releasable^
-- A removed connection that nothing needs any more, or that has waited for too long.
SELECT connection_id, provider, email, calendar_credential_id, revoke_tries
FROM settings.connections
WHERE removed_at IS NOT NULL AND (released OR removed_at < :removed_before)
  AND (revoke_after IS NULL OR revoke_after < :now)
ORDER BY removed_at LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: account_in_use$
-- Whether another connection, of whomever, uses the same account.
SELECT EXISTS (SELECT FROM settings.connections
    WHERE provider = :provider AND email = :email AND connection_id <> :connection_id
      AND NOT (removed_at IS NOT NULL AND released));

-- name: revoke_later!
UPDATE settings.connections SET revoke_tries = revoke_tries + 1, revoke_after = :after
WHERE connection_id = :connection_id;

-- name: delete_connection!
DELETE FROM settings.connections WHERE connection_id = :connection_id;

-- name: take_of_rate$
-- One more of a bucket that is not full; nothing is returned where it is.
-- A moment far beyond a full bucket is of a clock that was wrong, and counts as an empty one. Calls
-- of one moment come in any order, so half an interval is let pass; one too many needs a whole one.
INSERT INTO settings.rates AS r (bucket, empty_at)
VALUES (:bucket, :now::timestamptz + :interval::interval)
ON CONFLICT (bucket) DO UPDATE SET empty_at = :interval + CASE
    WHEN r.empty_at BETWEEN :now AND :now::timestamptz + 2 * :most::interval THEN r.empty_at
    ELSE :now END
WHERE r.empty_at + :interval / 2 <= :now::timestamptz + :most::interval
    OR r.empty_at > :now::timestamptz + 2 * :most::interval
RETURNING r.empty_at;

-- name: rate_empty_at$
SELECT empty_at FROM settings.rates WHERE bucket = :bucket;

-- name: claim_repeat^
-- The row of a key; `claimed` where it is new, or its claim or its life is over.
WITH claim AS (
    INSERT INTO settings.repeats AS r (company_id, user_id, key, request_hash, claimed_at)
    VALUES (:company_id, :user_id, :key, :request_hash, :now)
    ON CONFLICT (company_id, user_id, key) DO UPDATE SET request_hash = excluded.request_hash,
        claimed_at = excluded.claimed_at, status = NULL, answer = NULL
    WHERE r.claimed_at < :old_before OR (r.status IS NULL AND r.claimed_at < :void_before)
    RETURNING true AS claimed, request_hash, status, answer
)
SELECT * FROM claim
UNION ALL
SELECT false, request_hash, status, answer FROM settings.repeats
WHERE company_id = :company_id AND user_id = :user_id AND key = :key
LIMIT 1;

-- name: keep_repeat!
UPDATE settings.repeats SET status = :status, answer = :answer
WHERE company_id = :company_id AND user_id = :user_id AND key = :key;

-- name: release_repeat!
DELETE FROM settings.repeats
WHERE company_id = :company_id AND user_id = :user_id AND key = :key AND status IS NULL;

-- name: forget_repeats_of!
DELETE FROM settings.repeats WHERE (company_id, user_id, key) IN (
    SELECT company_id, user_id, key FROM settings.repeats
    WHERE company_id = :company_id AND user_id = :user_id ORDER BY claimed_at DESC OFFSET :most);
