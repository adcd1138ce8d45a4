-- name: connection_for_update^
SELECT revision, status, include_contact FROM crm.connections
WHERE connection_id = :connection_id FOR UPDATE;

-- name: put_connection!
-- One that is read again after a pause starts with a clean slate as to its grant.
INSERT INTO crm.connections AS c (connection_id, revision, company_id, user_id, credential_id,
    api_url, owner_email, include_contact, status)
VALUES (:connection_id, :revision, :company_id, :user_id, :credential_id,
    :api_url, :owner_email, :include_contact, :status)
ON CONFLICT (connection_id) DO UPDATE SET revision = excluded.revision,
    company_id = excluded.company_id, user_id = excluded.user_id,
    credential_id = excluded.credential_id, api_url = excluded.api_url,
    owner_email = excluded.owner_email, include_contact = excluded.include_contact,
    status = excluded.status, removed_at = NULL,
    health = CASE WHEN c.status <> ALL(:readable::text[])
                   AND excluded.status = ANY(:readable::text[]) THEN NULL ELSE c.health END;

-- name: add_sync_user!
-- A new user is swept some time within an interval; one of whom more is wanted, at once.
INSERT INTO crm.sync_users AS u (company_id, user_id, due_at)
VALUES (:company_id, :user_id, now() + make_interval(secs => :first_s))
ON CONFLICT (company_id, user_id) DO UPDATE SET attempts = 0,
    due_at = CASE WHEN :at_once THEN now() ELSE u.due_at END;

-- name: refresh_contacts!
-- The user has just chosen to see deals and contacts: those of coming activities are due.
UPDATE crm.known_activities SET contact_at = NULL
WHERE company_id = :company_id AND told @> ARRAY[:user_id]::bigint[] AND NOT gone AND NOT done;

-- name: remove_connection!
UPDATE crm.connections SET revision = :revision, removed_at = now()
WHERE connection_id = :connection_id AND removed_at IS NULL AND revision < :revision;

-- name: drop_abandoned_reads!
-- Nobody is left to whom these reads would matter.
DELETE FROM crm.reads r WHERE NOT EXISTS (
    SELECT FROM crm.connections c
    WHERE c.company_id = r.company_id AND c.user_id = r.user_id AND c.removed_at IS NULL)
  AND (r.company_id = :company_id OR r.requested_at < now() - interval '1 hour');

-- name: removed_connections
SELECT connection_id, credential_id, removed_at < now() - interval '1 day' AS long_ago
FROM crm.connections WHERE removed_at IS NOT NULL AND removed_at < now() - interval '1 minute';

-- name: purge_connections!
WITH gone AS (
    DELETE FROM crm.connections WHERE connection_id = ANY(:connection_ids::uuid[])
)
DELETE FROM crm.parked_commands WHERE connection_id = ANY(:connection_ids::uuid[]);

-- name: purge_users!
-- What was known for users who have no connection any more.
DELETE FROM crm.sync_users u WHERE NOT EXISTS (
    SELECT FROM crm.connections c WHERE c.company_id = u.company_id AND c.user_id = u.user_id);

-- name: purge_companies!
DELETE FROM crm.known_activities k
WHERE (k.gone AND k.observed_at < now() - interval '30 days')
   OR NOT EXISTS (SELECT FROM crm.connections c WHERE c.company_id = k.company_id);

-- name: people_of
-- Users of companies who have a connection, and how they are read.
SELECT c.company_id, c.user_id,
    bool_or(c.include_contact AND c.status = ANY(:readable::text[])) AS include_contact,
    (array_agg(c.connection_id ORDER BY c.connection_id)
        FILTER (WHERE c.status = ANY(:readable::text[])
                AND c.health IS DISTINCT FROM 'grant_lost'))[1] AS readable_id
FROM crm.connections c
WHERE c.company_id = ANY(:company_ids::bigint[]) AND c.removed_at IS NULL
GROUP BY c.company_id, c.user_id ORDER BY c.company_id, c.user_id;

-- name: connections_by_id
SELECT connection_id, company_id, user_id, credential_id, api_url, owner_email, include_contact
FROM crm.connections WHERE connection_id = ANY(:connection_ids::uuid[]);

-- name: note_health
-- Gives the connections of which the signal is worth a report, and the signal before.
UPDATE crm.connections c SET health = :signal, health_reported_at = now()
FROM (SELECT connection_id, health FROM crm.connections
      WHERE company_id = ANY(:company_ids::bigint[]) AND removed_at IS NULL
        AND (company_id, user_id) IN
            (SELECT * FROM unnest(:company_ids::bigint[], :user_ids::bigint[]))
        AND status <> ALL(:unstarted::text[])
      ORDER BY connection_id FOR UPDATE) before
WHERE c.connection_id = before.connection_id
  AND (c.health IS DISTINCT FROM :signal
       OR c.health_reported_at < now() - make_interval(secs => :quiet_s))
RETURNING c.connection_id, before.health AS before;

-- name: lost_grants
SELECT DISTINCT ON (company_id, user_id, credential_id)
    connection_id, company_id, user_id, credential_id, api_url, owner_email, include_contact
FROM crm.connections WHERE health = 'grant_lost' AND removed_at IS NULL
ORDER BY company_id, user_id, credential_id, connection_id LIMIT :most;

-- name: note_push
-- Where webhooks do not come any more, nobody waits long for his next sweep.
WITH hurried AS (
    UPDATE crm.sync_users SET calm = 0,
        due_at = least(due_at, now() + make_interval(secs => :interval_s))
    WHERE company_id = :company_id AND NOT :up::boolean
)
UPDATE crm.connections SET push_up = :up
WHERE company_id = :company_id AND removed_at IS NULL AND status = ANY(:readable::text[])
  AND push_up IS DISTINCT FROM :up
RETURNING connection_id;

-- name: report_again!
WITH looked_after AS (UPDATE crm.webhooks SET due_at = now())
UPDATE crm.connections SET push_up = NULL,
    health = CASE WHEN health = 'grant_lost' THEN health END, health_reported_at = NULL;

-- name: known_activities
SELECT k.company_id, k.activity_id, k.owner_id, k.told, k.gone, k.fingerprint,
    k.contact_fingerprint
FROM crm.known_activities k
JOIN unnest(:company_ids::bigint[], :activity_ids::bigint[]) AS w(company_id, activity_id)
  ON w.company_id = k.company_id AND w.activity_id = k.activity_id;

-- name: store_observed!
-- Of two readings of an activity the later one counts; whoever was told once stays told.
INSERT INTO crm.known_activities AS k (company_id, activity_id, owner_id, told, due_date, done,
    fingerprint, contact_fingerprint, observed_at, checked_at, contact_at)
SELECT w.company_id, w.activity_id, w.owner_id,
    CASE WHEN w.owner_told THEN ARRAY[w.owner_id] ELSE ARRAY[]::bigint[] END,
    w.due_date, w.done, w.fingerprint, w.contact_fingerprint, w.observed_at, w.observed_at,
    CASE WHEN w.contact_fingerprint <> '' THEN w.observed_at END
FROM unnest(:company_ids::bigint[], :activity_ids::bigint[], :owner_ids::bigint[],
    :owners_told::boolean[], :due_dates::date[], :dones::boolean[], :fingerprints::text[],
    :contact_fingerprints::text[], :observed_ats::timestamptz[])
    AS w(company_id, activity_id, owner_id, owner_told, due_date, done, fingerprint,
         contact_fingerprint, observed_at)
ORDER BY w.company_id, w.activity_id
ON CONFLICT (company_id, activity_id) DO UPDATE SET owner_id = excluded.owner_id,
    told = CASE WHEN excluded.told <@ k.told THEN k.told ELSE k.told || excluded.told END,
    due_date = excluded.due_date, done = excluded.done, gone = false,
    fingerprint = excluded.fingerprint, contact_fingerprint = excluded.contact_fingerprint,
    observed_at = excluded.observed_at, checked_at = excluded.checked_at,
    contact_at = coalesce(excluded.contact_at, k.contact_at)
WHERE excluded.observed_at >= k.observed_at;

-- name: store_gone!
UPDATE crm.known_activities k SET gone = true, observed_at = w.observed_at,
    checked_at = w.observed_at
FROM unnest(:company_ids::bigint[], :activity_ids::bigint[], :observed_ats::timestamptz[])
    AS w(company_id, activity_id, observed_at)
WHERE w.company_id = k.company_id AND w.activity_id = k.activity_id
  AND w.observed_at >= k.observed_at;

-- name: store_checked!
UPDATE crm.known_activities SET checked_at = greatest(checked_at, :checked_at)
WHERE company_id = :company_id AND activity_id = ANY(:activity_ids::bigint[]);

-- name: coming_to_check
-- Activities that lie ahead, the longest unchecked first.
SELECT activity_id FROM crm.known_activities
WHERE company_id = :company_id AND told @> ARRAY[:user_id]::bigint[] AND NOT gone AND NOT done
  AND due_date >= :today AND checked_at < :checked_before
ORDER BY checked_at, activity_id LIMIT :most;

-- name: others_to_check
-- All other activities that are still there, now and then.
SELECT activity_id FROM crm.known_activities
WHERE company_id = :company_id AND told @> ARRAY[:user_id]::bigint[] AND NOT gone
  AND (done OR due_date IS NULL OR due_date < :today) AND checked_at < :checked_before
ORDER BY checked_at, activity_id LIMIT :most;

-- name: contacts_to_refresh
-- Coming activities whose deal, person and organisation were not looked at for a while.
SELECT activity_id FROM crm.known_activities
WHERE company_id = :company_id AND owner_id = :user_id AND told @> ARRAY[:user_id]::bigint[]
  AND NOT gone AND NOT done AND due_date >= :today
  AND (contact_at IS NULL OR contact_at < :looked_before)
ORDER BY contact_at NULLS FIRST, activity_id LIMIT :most;

-- name: claim_held_hints
-- Whoever claims a hint puts it off; it is dropped once it is done with.
WITH due AS (
    SELECT company_id, activity_id FROM crm.held_hints WHERE due_at <= now()
    ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE crm.held_hints h SET due_at = now() + make_interval(secs => :lease_s)
FROM due WHERE h.company_id = due.company_id AND h.activity_id = due.activity_id
RETURNING h.company_id, h.activity_id, h.user_id, h.trace, h.missing, h.attempts, h.due_at;

-- name: hold_hints!
INSERT INTO crm.held_hints AS h (company_id, activity_id, user_id, trace, missing, due_at)
SELECT company_id, activity_id, user_id, trace, missing, now() + make_interval(secs => wait_s)
FROM unnest(:company_ids::bigint[], :activity_ids::bigint[], :user_ids::bigint[], :traces::text[],
    :missings::boolean[], :waits_s::float8[])
    AS w(company_id, activity_id, user_id, trace, missing, wait_s)
ORDER BY company_id, activity_id
ON CONFLICT (company_id, activity_id) DO UPDATE
SET user_id = coalesce(excluded.user_id, h.user_id), trace = excluded.trace, missing = excluded.missing, attempts = h.attempts + 1,
    due_at = excluded.due_at;

-- name: release_hints!
-- Drop hints that are done with, unless they were held anew meanwhile.
DELETE FROM crm.held_hints h
USING unnest(:company_ids::bigint[], :activity_ids::bigint[], :due_ats::timestamptz[])
    AS w(company_id, activity_id, due_at)
WHERE h.company_id = w.company_id AND h.activity_id = w.activity_id AND h.due_at = w.due_at;

-- name: forget_old_hints!
DELETE FROM crm.held_hints WHERE held_at < now() - interval '1 day';

-- name: claim_sweeps
WITH due AS (
    SELECT u.company_id, u.user_id FROM crm.sync_users u
    WHERE u.due_at <= now() AND (u.leased_until IS NULL OR u.leased_until <= now())
      AND EXISTS (SELECT FROM crm.connections c
                  WHERE c.company_id = u.company_id AND c.user_id = u.user_id
                    AND c.removed_at IS NULL AND c.status = ANY(:readable::text[])
                    AND c.health IS DISTINCT FROM 'grant_lost')
    ORDER BY u.due_at LIMIT :most FOR UPDATE OF u SKIP LOCKED
)
UPDATE crm.sync_users u
SET lease = gen_random_uuid(), leased_until = now() + make_interval(secs => :lease_s)
FROM due WHERE u.company_id = due.company_id AND u.user_id = due.user_id
RETURNING u.company_id, u.user_id, u.lease, u.swept_at, u.attempts, u.calm,
    EXISTS (SELECT FROM crm.connections c
            WHERE c.company_id = u.company_id AND c.user_id = u.user_id
              AND c.removed_at IS NULL AND c.push_up) AS pushed;

-- name: keep_sweep^
UPDATE crm.sync_users SET leased_until = now() + make_interval(secs => :lease_s)
WHERE company_id = :company_id AND user_id = :user_id AND lease = :lease RETURNING lease;

-- name: finish_sweep!
UPDATE crm.sync_users SET lease = NULL, leased_until = NULL, attempts = 0, swept_at = :swept_at,
    calm = :calm, due_at = now() + make_interval(secs => :next_s)
WHERE company_id = :company_id AND user_id = :user_id AND lease = :lease;

-- name: retry_sweep!
UPDATE crm.sync_users SET lease = NULL, leased_until = NULL, attempts = attempts + 1,
    due_at = now() + make_interval(secs => :wait_s)
WHERE company_id = :company_id AND user_id = :user_id AND lease = :lease;

-- name: request_reads!
-- Start reading users anew; whoever reads one at this moment loses his lease.
INSERT INTO crm.reads (company_id, user_id, trace)
SELECT company_id, user_id, trace
FROM unnest(:company_ids::bigint[], :user_ids::bigint[], :traces::text[])
    AS w(company_id, user_id, trace)
ORDER BY company_id, user_id
ON CONFLICT (company_id, user_id) DO UPDATE SET trace = excluded.trace, requested_at = now(),
    started_at = NULL, cursor = NULL, listed = false, due_at = now(), attempts = 0,
    lease = NULL, leased_until = NULL;

-- name: request_reads_of_all!
INSERT INTO crm.reads (company_id, user_id)
SELECT DISTINCT company_id, user_id FROM crm.connections
WHERE removed_at IS NULL
ORDER BY company_id, user_id
ON CONFLICT (company_id, user_id) DO UPDATE SET requested_at = now(), started_at = NULL,
    cursor = NULL, listed = false, due_at = now(), attempts = 0, lease = NULL,
    leased_until = NULL;

-- name: claim_reads
WITH due AS (
    SELECT r.company_id, r.user_id FROM crm.reads r
    WHERE r.due_at <= now() AND (r.leased_until IS NULL OR r.leased_until <= now())
      AND EXISTS (SELECT FROM crm.connections c
                  WHERE c.company_id = r.company_id AND c.user_id = r.user_id
                    AND c.removed_at IS NULL AND c.status = ANY(:readable::text[])
                    AND c.health IS DISTINCT FROM 'grant_lost')
    ORDER BY r.due_at LIMIT :most FOR UPDATE OF r SKIP LOCKED
)
UPDATE crm.reads r SET lease = gen_random_uuid(), started_at = coalesce(r.started_at, :now),
    leased_until = now() + make_interval(secs => :lease_s)
FROM due WHERE r.company_id = due.company_id AND r.user_id = due.user_id
RETURNING r.company_id, r.user_id, r.lease, r.trace, r.started_at, r.cursor, r.listed, r.attempts;

-- name: store_page^
UPDATE crm.reads SET cursor = :cursor, listed = :listed, attempts = 0,
    leased_until = now() + make_interval(secs => :lease_s)
WHERE company_id = :company_id AND user_id = :user_id AND lease = :lease RETURNING lease;

-- name: finish_read!
DELETE FROM crm.reads
WHERE company_id = :company_id AND user_id = :user_id AND lease = :lease;

-- name: retry_read!
UPDATE crm.reads SET lease = NULL, leased_until = NULL, attempts = attempts + 1,
    due_at = now() + make_interval(secs => :wait_s)
WHERE company_id = :company_id AND user_id = :user_id AND lease = :lease;

-- name: unseen_activities
-- Activities of which the user was told and that a full list did not show.
SELECT activity_id FROM crm.known_activities
WHERE company_id = :company_id AND told @> ARRAY[:user_id]::bigint[] AND NOT gone
  AND checked_at < :since
ORDER BY activity_id LIMIT :most;

-- name: deleted_activities
-- Activities that were deleted after the user was told of them.
SELECT activity_id, observed_at FROM crm.known_activities
WHERE company_id = :company_id AND told @> ARRAY[:user_id]::bigint[] AND gone
ORDER BY activity_id;

-- name: queue_commands!
-- What was asked for before the database was put back to a backup is not known any more to who
-- asked.
INSERT INTO crm.parked_commands AS q (link_id, connection_id, revision, backfill, command, trace)
SELECT link_id, connection_id, revision, backfill, command, trace
FROM unnest(:link_ids::uuid[], :connection_ids::uuid[], :revisions::int[], :backfills::boolean[],
    :commands::text[], :traces::text[], :occurred_ats::timestamptz[])
    WITH ORDINALITY
    AS w(link_id, connection_id, revision, backfill, command, trace, occurred_at, place)
WHERE NOT EXISTS (SELECT FROM crm.connections c WHERE c.connection_id = w.connection_id
    AND c.restored_at > w.occurred_at AND c.removed_at IS NULL)
ORDER BY place
ON CONFLICT (link_id) DO UPDATE SET connection_id = excluded.connection_id,
    revision = excluded.revision, backfill = excluded.backfill, command = excluded.command,
    trace = excluded.trace, attempts = 0, parked_at = excluded.parked_at, due_at = now()
WHERE excluded.revision > q.revision;

-- name: claim_commands
-- What a person waits for comes before a backfill; one command of a link at a time.
WITH due AS (
    SELECT q.link_id FROM crm.parked_commands q
    JOIN crm.connections c ON c.connection_id = q.connection_id
    WHERE q.due_at <= now() AND (q.leased_until IS NULL OR q.leased_until <= now())
      AND (c.removed_at IS NOT NULL OR c.status <> ALL(:holding::text[]))
    ORDER BY q.backfill, q.parked_at LIMIT :most FOR UPDATE OF q SKIP LOCKED
), claimed AS (
    UPDATE crm.parked_commands q
    SET lease = gen_random_uuid(), leased_until = now() + make_interval(secs => :lease_s)
    FROM due WHERE q.link_id = due.link_id
    RETURNING q.link_id, q.lease, q.connection_id, q.revision, q.backfill, q.command, q.trace,
        q.attempts, q.parked_at
)
SELECT q.link_id, q.lease, q.revision, q.command, q.trace, q.attempts,
    o.revision AS outcome_revision, o.outcome,
    c.connection_id, c.company_id, c.user_id, c.credential_id, c.api_url, c.owner_email,
    c.include_contact
FROM claimed q JOIN crm.connections c ON c.connection_id = q.connection_id
LEFT JOIN crm.outcomes o ON o.link_id = q.link_id
ORDER BY q.backfill, q.parked_at;

-- name: settle_command!
-- Drop a command that is done with; a newer one that took its place meanwhile is let go.
WITH done AS (
    DELETE FROM crm.parked_commands WHERE link_id = :link_id AND revision <= :revision
)
UPDATE crm.parked_commands SET lease = NULL, leased_until = NULL
WHERE link_id = :link_id AND revision > :revision AND lease = :lease;

-- name: park_command!
UPDATE crm.parked_commands SET lease = NULL, leased_until = NULL,
    attempts = CASE WHEN revision = :revision THEN attempts + 1 ELSE attempts END,
    due_at = now() + make_interval(
        secs => CASE WHEN revision = :revision THEN :wait_s::float8 ELSE 0 END)
WHERE link_id = :link_id AND lease = :lease;

-- name: remember_outcome!
INSERT INTO crm.outcomes AS o (link_id, revision, outcome) VALUES (:link_id, :revision, :outcome)
ON CONFLICT (link_id) DO UPDATE SET revision = excluded.revision, outcome = excluded.outcome,
    recorded_at = now()
WHERE excluded.revision >= o.revision;

-- name: parked$
SELECT count(*) FROM crm.parked_commands WHERE attempts > 0;

-- name: forget_old_writes!
-- Longer than a command can come again.
WITH outcomes AS (
    DELETE FROM crm.outcomes WHERE recorded_at < now() - interval '30 days'
), orphans AS (
    DELETE FROM crm.parked_commands q WHERE parked_at < now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM crm.connections c WHERE c.connection_id = q.connection_id)
)
DELETE FROM crm.create_intents WHERE begun_at < now() - interval '90 days';

-- name: begin_intent^
-- Lease the right to create; nothing comes back where it is done or somebody else holds it.
INSERT INTO crm.create_intents AS i (link_id, generation, company_id, user_id, leased_until)
VALUES (:link_id, :generation, :company_id, :user_id, now() + make_interval(secs => :lease_s))
ON CONFLICT (link_id, generation) DO UPDATE SET leased_until = excluded.leased_until
WHERE i.activity_id IS NULL AND i.leased_until <= now()
RETURNING i.sent_at, i.last_sent_at, i.type, i.draft;

-- name: intent^
SELECT activity_id, likely,
    greatest(extract(epoch FROM leased_until - now()), 0)::float8 AS wait_s
FROM crm.create_intents WHERE link_id = :link_id AND generation = :generation;

-- name: send_intent!
-- The create is about to be sent: from now on nobody knows, until its answer is here.
UPDATE crm.create_intents SET sent_at = coalesce(sent_at, :now), last_sent_at = :now,
    type = :type, draft = :draft,
    leased_until = now() + make_interval(secs => :lease_s)
WHERE link_id = :link_id AND generation = :generation;

-- name: free_intent!
-- Let others try after `wait_s`; `sent` tells whether the create may have been carried out.
UPDATE crm.create_intents SET sent_at = CASE WHEN :sent THEN sent_at END,
    leased_until = now() + make_interval(secs => :wait_s)
WHERE link_id = :link_id AND generation = :generation AND activity_id IS NULL;

-- name: settle_intent!
UPDATE crm.create_intents SET activity_id = :activity_id, likely = :likely
WHERE link_id = :link_id AND generation = :generation;

-- name: intents_in_doubt
-- Creates of a user that were sent and have no answer; a release before did not keep whose.
SELECT sent_at, last_sent_at, type, draft FROM crm.create_intents
WHERE company_id = :company_id AND (user_id = :user_id OR user_id IS NULL)
  AND activity_id IS NULL AND sent_at IS NOT NULL
  AND (link_id, generation) <> (:link_id, :generation)
ORDER BY sent_at, link_id, generation;

-- name: claimed_activities
SELECT activity_id FROM crm.create_intents
WHERE company_id = :company_id AND activity_id = ANY(:activity_ids::bigint[]);

-- name: need_webhook!
INSERT INTO crm.webhooks AS w (company_id) VALUES (:company_id)
ON CONFLICT (company_id) DO UPDATE SET due_at = now();

-- name: doubt_webhook!
-- Something was found that a webhook should have told; look, but not all the time.
UPDATE crm.webhooks SET due_at = now()
WHERE company_id = :company_id AND checked_at < now() - make_interval(secs => :trusted_s);

-- name: claim_webhooks
WITH due AS (
    SELECT company_id FROM crm.webhooks WHERE due_at <= now()
    ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE crm.webhooks w SET due_at = now() + make_interval(secs => :lease_s)
FROM due WHERE w.company_id = due.company_id
RETURNING w.company_id, w.webhook_id, w.user_id, w.terms;

-- name: watchers
-- Connections of a company: whether each still is one, and whether it can be used to look.
SELECT connection_id, company_id, user_id, credential_id, api_url, owner_email, include_contact,
    removed_at IS NULL AS connected,
    (removed_at IS NOT NULL OR status = ANY(:readable::text[]))
        AND health IS DISTINCT FROM 'grant_lost' AS usable
FROM crm.connections WHERE company_id = :company_id
ORDER BY user_id, connection_id;

-- name: store_webhook!
UPDATE crm.webhooks SET webhook_id = :webhook_id, user_id = :user_id, terms = :terms, checked_at = now(),
    due_at = now() + make_interval(secs => :next_s)
WHERE company_id = :company_id;

-- name: postpone_webhook!
UPDATE crm.webhooks SET due_at = now() + make_interval(secs => :wait_s)
WHERE company_id = :company_id;

-- name: forget_webhook!
DELETE FROM crm.webhooks WHERE company_id = :company_id;
