-- name: companies!
INSERT INTO settings.companies SELECT n, 'Company ' || n, 'c' || n
FROM generate_series(1, :many::int) n;

-- name: people!
INSERT INTO settings.users SELECT company_of(n), n, 'p' || n || '@example.com', 'Person ' || n,
    'Europe/Stockholm', 'en_US', n = 1, id_of('crm', n), 'https://example.com', now()
FROM generate_series(1, :many::int) n;

-- name: sessions!
INSERT INTO settings.sessions
SELECT sha256(('session' || n || '.' || k)::bytea), company_of(n), n, 'csrf', now(), now()
FROM generate_series(1, :many::int) n, generate_series(1, 5) k;

-- name: tokens!
INSERT INTO settings.api_tokens (token_id, token_hash, company_id, user_id, name, created_at)
SELECT id_of('token' || k, n), sha256(('token' || n || '.' || k)::bytea), company_of(n), n,
    'Token ' || k, now()
FROM generate_series(1, :many::int) n, generate_series(1, 3) k;

-- name: rates!
INSERT INTO settings.rates SELECT 'other:' || n, now() FROM generate_series(1, :many::int) n;

-- name: connections!
INSERT INTO settings.connections (connection_id, company_id, user_id, provider, email,
    calendar_credential_id, settings, started, reports, created_at)
SELECT id_of('connection', n), company_of(n), n, 'google', 'p' || n || '@example.com',
    id_of('calendar', n), :settings::jsonb, n <> 3, :reports::jsonb, now()
FROM generate_series(1, :many::int) n;

-- name: sync_users!
INSERT INTO sync.users SELECT company_of(n), n, now() FROM generate_series(1, :many::int) n;

-- name: sync_connections!
INSERT INTO sync.connections (connection_id, company_id, user_id, revision, body, started)
SELECT id_of('connection', n), company_of(n), n, 1, body, n <> 3
FROM unnest(:bodies::json[]) WITH ORDINALITY AS one(body, n);

-- name: reads!
INSERT INTO sync.calendar_reads SELECT id_of('connection', n), 'main', now()
FROM generate_series(1, :many::int) n;

-- name: activities!
INSERT INTO sync.activities
SELECT company_of(n), n, i,
    replace(replace(:activity, '"owner_id":' || :number, '"owner_id":' || n), :number, i::text)::json,
    now(), now()
FROM generate_series(1, :many::int) n,
    LATERAL generate_series(n * :items, (n + 1) * :items - 1) i;

-- name: events!
INSERT INTO sync.events
SELECT id_of('connection', n), 'e' || i, 'main', replace(:event, :number, i::text)::json, now(),
    now()
FROM generate_series(1, :many::int) n,
    LATERAL generate_series(n * :items, (n + 1) * :items - 1) i
WHERE n <> 3;

-- name: links!
-- Every fifth rests, because its deletion is held; of every tenth the activity is being made.
INSERT INTO sync.links (link_id, connection_id, activity_id, event_id, state, body, pending_since)
SELECT id_of('link', i), id_of('connection', n), CASE WHEN NOT creating THEN i END, 'e' || i,
    CASE WHEN held THEN 'resting' ELSE 'active' END,
    replace(replace(replace(CASE WHEN held THEN :held ELSE :active END,
        CASE WHEN creating THEN '"activity_id":' || :number ELSE :no_id END,
        CASE WHEN creating THEN '"activity_id":null' ELSE id_of('link', i)::text END),
        :no_id, id_of('link', i)::text), :number, i::text)::json,
    CASE WHEN creating THEN now() + interval '1 day' END
FROM generate_series(1, :many::int) n,
    LATERAL generate_series(n * :items, (n + 1) * :items - 1) i,
    LATERAL (SELECT i % 5 = 0 AS held, i % 10 = 3 AS creating) one
WHERE n <> 3;

-- name: verdicts!
INSERT INTO sync.verdicts SELECT id_of('connection', n), 'calendar', 'other' || i, 'past'
FROM generate_series(1, :many::int) n, generate_series(1, 20) i;

-- name: history!
-- A twentieth of all is the first connection's.
INSERT INTO sync.history (connection_id, at, side, activity_id, event_id, link_id, title, action,
    reason, detail, before, after)
SELECT id_of('connection', n), now() - (:rows::bigint - i) * interval '10 s', 'crm', item,
    'e' || item, id_of('link', item), 'Meeting ' || item, reason, reason, '', :before::json,
    :after::json
FROM generate_series(1, :rows::bigint) i,
    LATERAL (SELECT CASE WHEN i % 20 = 0 THEN 1 ELSE 1 + i % :many::int END AS n) c,
    LATERAL (SELECT n * :items::int + i / 20 % :items::int AS item,
        (ARRAY['created', 'updated', 'updated', 'deleted'])[1 + i / 20 % 4] AS reason) d;
