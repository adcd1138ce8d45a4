-- name: add_users!
-- Make sure that there is a row to lock for each sync user.
INSERT INTO sync.users (company_id, user_id)
SELECT * FROM unnest(:company_ids::bigint[], :user_ids::bigint[]) ON CONFLICT DO NOTHING;

-- name: lock_users
-- Lock sync users in one order everywhere, so that two transactions never wait for each other.
SELECT u.* FROM sync.users u
JOIN unnest(:company_ids::bigint[], :user_ids::bigint[]) AS w(company_id, user_id)
  ON (u.company_id, u.user_id) = (w.company_id, w.user_id)
ORDER BY u.company_id, u.user_id FOR UPDATE OF u;

-- name: user_was_read!
-- All activities of the user have been observed.
UPDATE sync.users SET crm_read_at = :read_at::timestamptz
WHERE company_id = :company_id AND user_id = :user_id;

-- name: calendar_was_read!
-- All events of the calendar have been observed.
INSERT INTO sync.calendar_reads (connection_id, calendar_id, read_at)
VALUES (:connection_id, :calendar_id, :read_at)
ON CONFLICT (connection_id, calendar_id) DO UPDATE SET read_at = excluded.read_at;

-- name: connections_of_users
-- With each connection, whether both its sides have been read whole: since the database was put
-- back to a backup, where it was.
SELECT c.*, u.crm_read_at > coalesce(c.restored_at, '-infinity') AND EXISTS (
    SELECT FROM sync.calendar_reads r WHERE r.connection_id = c.connection_id
      AND r.calendar_id = c.body->'settings'->>'calendar_id'
      AND r.read_at > coalesce(c.restored_at, '-infinity')) AS both_read
FROM sync.connections c
JOIN unnest(:company_ids::bigint[], :user_ids::bigint[]) AS w(company_id, user_id)
  ON (c.company_id, c.user_id) = (w.company_id, w.user_id)
JOIN sync.users u ON (u.company_id, u.user_id) = (c.company_id, c.user_id)
ORDER BY c.connection_id;

-- name: connection_by_id^
SELECT c.*, false AS both_read FROM sync.connections c WHERE connection_id = :connection_id;

-- name: put_connections!
INSERT INTO sync.connections
    (connection_id, company_id, user_id, revision, body, started, blocked_reason, removed,
     remove_events, restored_at, rules_changed)
SELECT * FROM unnest(:connection_ids::uuid[], :company_ids::bigint[], :user_ids::bigint[],
    :revisions::int[], :bodies::json[], :starteds::boolean[], :blocked_reasons::text[],
    :removeds::boolean[], :remove_eventses::boolean[], :restored_ats::timestamptz[],
    :rules_changeds::boolean[])
ON CONFLICT (connection_id) DO UPDATE SET revision = excluded.revision, body = excluded.body,
    started = excluded.started, blocked_reason = excluded.blocked_reason,
    removed = excluded.removed, remove_events = excluded.remove_events,
    restored_at = excluded.restored_at, rules_changed = excluded.rules_changed;

-- name: store_activities
-- Keep the newer of two observations: the provider's stamp decides, then the reader's clock.
INSERT INTO sync.activities AS t
    (company_id, user_id, activity_id, snapshot, updated_at, observed_at)
SELECT * FROM unnest(:company_ids::bigint[], :user_ids::bigint[], :activity_ids::bigint[],
    :snapshots::json[], :updated_ats::timestamptz[], :observed_ats::timestamptz[])
ON CONFLICT (company_id, user_id, activity_id) DO UPDATE
SET snapshot = excluded.snapshot, updated_at = excluded.updated_at,
    observed_at = excluded.observed_at
WHERE CASE WHEN t.updated_at <> excluded.updated_at THEN excluded.updated_at > t.updated_at
      ELSE excluded.observed_at >= t.observed_at END
RETURNING company_id, user_id, activity_id;

-- name: store_events
-- Keep the newer of two observations, as with activities.
INSERT INTO sync.events AS t
    (connection_id, event_id, calendar_id, snapshot, updated_at, observed_at)
SELECT * FROM unnest(:connection_ids::uuid[], :event_ids::text[], :calendar_ids::text[],
    :snapshots::json[], :updated_ats::timestamptz[], :observed_ats::timestamptz[])
ON CONFLICT (connection_id, event_id) DO UPDATE
SET calendar_id = excluded.calendar_id, snapshot = excluded.snapshot,
    updated_at = excluded.updated_at, observed_at = excluded.observed_at
WHERE CASE WHEN t.updated_at <> excluded.updated_at THEN excluded.updated_at > t.updated_at
      ELSE excluded.observed_at >= t.observed_at END
RETURNING connection_id, event_id;

-- name: activities_by_id
SELECT a.* FROM sync.activities a
JOIN unnest(:company_ids::bigint[], :user_ids::bigint[], :activity_ids::bigint[])
    AS w(company_id, user_id, activity_id)
  ON (a.company_id, a.user_id, a.activity_id) = (w.company_id, w.user_id, w.activity_id);

-- name: activities_of_user
-- A page of what is known of a user's activities, by id.
SELECT * FROM sync.activities
WHERE company_id = :company_id AND user_id = :user_id AND activity_id > :after
ORDER BY activity_id LIMIT :limit;

-- name: events_by_id
SELECT e.* FROM sync.events e
JOIN unnest(:connection_ids::uuid[], :event_ids::text[]) AS w(connection_id, event_id)
  ON (e.connection_id, e.event_id) = (w.connection_id, w.event_id);

-- name: events_of_connection
-- A page of what is known of a calendar's events, by id.
SELECT * FROM sync.events
WHERE connection_id = :connection_id AND calendar_id = :calendar_id AND event_id > :after
ORDER BY event_id LIMIT :limit;

-- name: links_by_id
SELECT * FROM sync.links WHERE link_id = ANY(:link_ids::uuid[]);

-- name: links_of_activities
-- Living links, and what dissolved ones remember; the newest comes last. Each half has an index of
-- its own; `OFFSET 0` makes it be asked once for each pair, whatever the planner believes.
SELECT l.* FROM unnest(:connection_ids::uuid[], :activity_ids::bigint[])
    AS w(connection_id, activity_id)
CROSS JOIN LATERAL (
    (SELECT * FROM sync.links WHERE connection_id = w.connection_id
        AND activity_id = w.activity_id AND state <> 'dissolved')
    UNION ALL
    (SELECT * FROM sync.links WHERE connection_id = w.connection_id
        AND activity_id = w.activity_id AND state = 'dissolved')
    OFFSET 0) l
ORDER BY l.changed_at;

-- name: links_of_events
-- As with activities.
SELECT l.* FROM unnest(:connection_ids::uuid[], :event_ids::text[])
    AS w(connection_id, event_id)
CROSS JOIN LATERAL (
    (SELECT * FROM sync.links WHERE connection_id = w.connection_id
        AND event_id = w.event_id AND state <> 'dissolved')
    UNION ALL
    (SELECT * FROM sync.links WHERE connection_id = w.connection_id
        AND event_id = w.event_id AND state = 'dissolved')
    OFFSET 0) l
ORDER BY l.changed_at;

-- name: living_links
-- A page of a connection's links that are not dissolved.
SELECT * FROM sync.links
WHERE connection_id = :connection_id AND state <> 'dissolved' AND link_id > :after
ORDER BY link_id LIMIT :limit;

-- name: links_creating_activities
-- Links whose activity is being made at this moment, or may have been made without word of it.
SELECT * FROM sync.links WHERE connection_id = ANY(:connection_ids::uuid[])
  AND activity_id IS NULL AND (pending_since IS NOT NULL OR body->>'attempted' IS NOT NULL);

-- name: something_pending$
SELECT EXISTS (SELECT FROM sync.links
    WHERE connection_id = :connection_id AND pending_since IS NOT NULL);

-- name: put_links!
INSERT INTO sync.links
    (link_id, connection_id, activity_id, event_id, state, body, commands, pending_since,
     recent_writes)
SELECT * FROM unnest(:link_ids::uuid[], :connection_ids::uuid[], :activity_ids::bigint[],
    :event_ids::text[], :states::text[], :bodies::json[], :commands::json[],
    :pending_sinces::timestamptz[], :recent_writeses::json[])
ON CONFLICT (link_id) DO UPDATE SET activity_id = excluded.activity_id,
    event_id = excluded.event_id, state = excluded.state, body = excluded.body,
    commands = excluded.commands, pending_since = excluded.pending_since,
    recent_writes = excluded.recent_writes,
    changed_at = clock_timestamp();

-- name: held_links
-- A page of a connection's links whose deletion waits for the user's word.
SELECT * FROM sync.links
WHERE connection_id = :connection_id AND state = 'resting'
  AND body->>'reason' = 'held_mass_delete' AND link_id > :after
ORDER BY link_id LIMIT :limit;

-- name: looping_links
-- A page of a connection's links that rest because they seemed to loop.
SELECT * FROM sync.links
WHERE connection_id = :connection_id AND state = 'resting'
  AND body->>'reason' = 'loop_suspected' AND link_id > :after
ORDER BY link_id LIMIT :limit;

-- name: note_deletions!
INSERT INTO sync.deletions (connection_id, link_id, at)
SELECT connection_id, link_id, :at::timestamptz
FROM unnest(:connection_ids::uuid[], :link_ids::uuid[]) AS w(connection_id, link_id)
ON CONFLICT DO NOTHING;

-- name: deletions_since$
-- How many links deletions were asked of, besides those of which one is asked now.
SELECT count(DISTINCT link_id) FROM sync.deletions
WHERE connection_id = :connection_id AND at > :since AND link_id <> ALL(:besides::uuid[]);

-- name: links_since$
-- Living links, and those that were deleted meanwhile.
SELECT count(*) FROM sync.links l
WHERE connection_id = :connection_id
  AND (state <> 'dissolved' OR link_id IN (
      SELECT link_id FROM sync.deletions WHERE connection_id = :connection_id AND at > :since));

-- name: forget_old_deletions!
DELETE FROM sync.deletions WHERE at < :before;

-- name: take_stale_pending
-- Commands whose write has had no outcome for too long; each is taken by one sweeper only.
-- Those of a connection that may not write now are left until it may.
UPDATE sync.links SET pending_since = :now::timestamptz WHERE link_id IN (
    SELECT l.link_id FROM sync.links l JOIN sync.connections c USING (connection_id)
    WHERE l.pending_since < :before::timestamptz
      AND (c.removed OR (c.blocked_reason IS NULL
           AND c.body->>'status' IN ('active', 'needs_confirmation')
           AND c.body->'settings'->>'paused' = 'false'))
    ORDER BY l.pending_since LIMIT :limit FOR UPDATE OF l SKIP LOCKED)
RETURNING commands;

-- name: put_verdicts
-- Why items are left alone; returns those of which that is news.
INSERT INTO sync.verdicts AS t (connection_id, side, item_id, reason)
SELECT * FROM unnest(:connection_ids::uuid[], :sides::text[], :item_ids::text[], :reasons::text[])
ON CONFLICT (connection_id, side, item_id) DO UPDATE SET reason = excluded.reason
WHERE t.reason <> excluded.reason
RETURNING connection_id, side, item_id;

-- name: drop_verdicts!
DELETE FROM sync.verdicts v
USING unnest(:connection_ids::uuid[], :sides::text[], :item_ids::text[])
    AS w(connection_id, side, item_id)
WHERE (v.connection_id, v.side, v.item_id) = (w.connection_id, w.side, w.item_id);

-- name: defer!
INSERT INTO sync.deferred (connection_id, activity_id)
SELECT * FROM unnest(:connection_ids::uuid[], :activity_ids::bigint[]) ON CONFLICT DO NOTHING;

-- name: take_deferred
DELETE FROM sync.deferred WHERE connection_id = ANY(:connection_ids::uuid[])
RETURNING connection_id, activity_id;

-- name: add_history!
INSERT INTO sync.history
    (connection_id, at, side, activity_id, event_id, link_id, title, action, reason, detail,
     before, after, trace_id)
SELECT * FROM unnest(:connection_ids::uuid[], :ats::timestamptz[], :sides::text[],
    :activity_ids::bigint[], :event_ids::text[], :link_ids::uuid[], :titles::text[],
    :actions::text[], :reasons::text[], :details::text[], :befores::json[], :afters::json[],
    :trace_ids::text[]);

-- name: history_page
SELECT * FROM sync.history WHERE connection_id = :connection_id AND row < :before
ORDER BY row DESC LIMIT :limit;

-- name: history_page_of_reason
SELECT * FROM sync.history
WHERE connection_id = :connection_id AND reason = :reason AND row < :before
ORDER BY row DESC LIMIT :limit;

-- name: history_found
-- Rows of a connection with a title or an id; titles are looked through in the primary key.
WITH titled AS (
    SELECT row FROM sync.history
    WHERE connection_id = :connection_id AND row < :before
      AND (:reason::text IS NULL OR reason = :reason) AND title ~ :pattern
    ORDER BY row DESC LIMIT :limit
), of_event AS (
    SELECT row FROM sync.history
    WHERE connection_id = :connection_id AND row < :before
      AND (:reason::text IS NULL OR reason = :reason) AND event_id = :q
    ORDER BY row DESC LIMIT :limit
), of_activity AS (
    SELECT row FROM sync.history
    WHERE connection_id = :connection_id AND row < :before
      AND (:reason::text IS NULL OR reason = :reason) AND activity_id = :activity_id::bigint
    ORDER BY row DESC LIMIT :limit
), found AS (
    SELECT row FROM titled UNION SELECT row FROM of_event UNION SELECT row FROM of_activity
    ORDER BY row DESC LIMIT :limit
)
SELECT whole.* FROM found, LATERAL (
    SELECT * FROM sync.history h WHERE h.connection_id = :connection_id AND h.row = found.row
    LIMIT 1) whole
ORDER BY whole.row DESC;

-- name: forget_old_history$
-- Some of the rows that are too old; returns how many.
WITH old AS (SELECT connection_id, row FROM sync.history WHERE at < :before LIMIT :most),
     gone AS (DELETE FROM sync.history h USING old
              WHERE h.connection_id = old.connection_id AND h.row = old.row RETURNING 1)
SELECT count(*) FROM gone;

-- name: history_row^
SELECT * FROM sync.history WHERE connection_id = :connection_id AND row = :row;

-- name: forget_other_calendars!
-- What was known of the calendars that a connection does not sync any more.
WITH reads AS (DELETE FROM sync.calendar_reads
    WHERE connection_id = :connection_id AND calendar_id <> :calendar_id)
DELETE FROM sync.events WHERE connection_id = :connection_id AND calendar_id <> :calendar_id;

-- name: forget_connection!
-- Everything that was known of a connection but its history and the fact that it is gone.
WITH links AS (DELETE FROM sync.links WHERE connection_id = :connection_id),
     verdicts AS (DELETE FROM sync.verdicts WHERE connection_id = :connection_id),
     reads AS (DELETE FROM sync.calendar_reads WHERE connection_id = :connection_id),
     deferred AS (DELETE FROM sync.deferred WHERE connection_id = :connection_id),
     deletions AS (DELETE FROM sync.deletions WHERE connection_id = :connection_id)
DELETE FROM sync.events WHERE connection_id = :connection_id;

-- name: forget_unconnected_user!
-- Without a connection nobody tells of a user's activities any more.
WITH unread AS (
    UPDATE sync.users u SET crm_read_at = NULL
    WHERE u.company_id = :company_id AND u.user_id = :user_id AND NOT EXISTS (
        SELECT FROM sync.connections c WHERE NOT c.removed
          AND (c.company_id, c.user_id) = (u.company_id, u.user_id))
    RETURNING u.company_id, u.user_id)
DELETE FROM sync.activities a USING unread
WHERE (a.company_id, a.user_id) = (unread.company_id, unread.user_id);

-- name: forget_gone_activities!
-- Deletions that no living link has still to follow, and that no late message can contradict.
DELETE FROM sync.activities a WHERE snapshot IS NULL AND observed_at < :before
  AND NOT EXISTS (SELECT FROM sync.connections c JOIN sync.links l USING (connection_id)
      WHERE (c.company_id, c.user_id) = (a.company_id, a.user_id)
        AND l.activity_id = a.activity_id AND l.state <> 'dissolved');

-- name: forget_gone_events!
DELETE FROM sync.events e WHERE snapshot IS NULL AND observed_at < :before
  AND NOT EXISTS (SELECT FROM sync.links l WHERE l.connection_id = e.connection_id
        AND l.event_id = e.event_id AND l.state <> 'dissolved');

-- name: forget_dissolved_links!
-- Those that keep no item from coming back as new.
DELETE FROM sync.links WHERE state = 'dissolved' AND changed_at < :before
  AND body->>'suppress' = '[]';

-- name: linked_occurrences
-- The occurrences of some series that are linked and do not lie before a day.
SELECT l.connection_id, l.body->>'series_id' AS series_id, l.event_id,
    e.snapshot->'schedule' AS schedule
FROM unnest(:connection_ids::uuid[], :series_ids::text[]) AS w(connection_id, series_id)
JOIN sync.links l ON l.connection_id = w.connection_id AND l.body->>'series_id' = w.series_id
  AND l.state <> 'dissolved' AND l.body->>'series_id' IS NOT NULL
JOIN sync.events e ON (e.connection_id, e.event_id) = (l.connection_id, l.event_id)
WHERE coalesce(e.snapshot->'schedule'->>'start', e.snapshot->'schedule'->>'first') >= :since;

-- name: occurrences_of
-- The occurrences of some series, known ones, linked or not.
SELECT e.connection_id, e.event_id, w.series_id
FROM unnest(:connection_ids::uuid[], :series_ids::text[]) AS w(connection_id, series_id)
JOIN sync.events e ON e.connection_id = w.connection_id
  AND e.snapshot->'series'->>'series_id' = w.series_id
  AND e.snapshot->'series'->>'series_id' IS NOT NULL;

-- name: turned_events
-- Events that a living link of a connection knows under another id. Of a single event that has
-- become a series, the first occurrence without a link; of a series that has become one, the event.
SELECT event_id FROM (
    SELECT DISTINCT ON (l.link_id) e.event_id
    FROM sync.links l
    JOIN sync.events e ON e.connection_id = l.connection_id
      AND e.snapshot->'series'->>'series_id' = l.event_id
      AND e.snapshot->'series'->>'series_id' IS NOT NULL
    WHERE l.connection_id = :connection_id AND l.state <> 'dissolved' AND NOT EXISTS (
        SELECT FROM sync.links o WHERE o.connection_id = e.connection_id
          AND o.event_id = e.event_id AND o.state <> 'dissolved')
    ORDER BY l.link_id,
        coalesce(e.snapshot->'schedule'->>'start', e.snapshot->'schedule'->>'first'), e.event_id
) first_occurrences
UNION
SELECT e.event_id FROM sync.links l
JOIN sync.events e ON (e.connection_id, e.event_id) = (l.connection_id, l.body->>'series_id')
WHERE l.connection_id = :connection_id AND l.state <> 'dissolved'
  AND l.body->>'series_id' IS NOT NULL AND e.snapshot->>'link_mark' = l.link_id::text;

-- name: connections_with_waiting
SELECT DISTINCT connection_id FROM sync.verdicts
WHERE reason IN ('beyond_horizon', 'recurring_limit');

-- name: waiting_occurrences
-- Occurrences that are left alone until time has come closer, in their order.
SELECT e.event_id FROM sync.verdicts v
JOIN sync.events e ON (e.connection_id, e.event_id) = (v.connection_id, v.item_id)
WHERE v.connection_id = :connection_id AND v.side = 'calendar'
  AND v.reason IN ('beyond_horizon', 'recurring_limit') AND e.snapshot IS NOT NULL
ORDER BY coalesce(e.snapshot->'schedule'->>'start', e.snapshot->'schedule'->>'first');
