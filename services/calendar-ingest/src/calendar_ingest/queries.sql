-- name: connection_for_update^
SELECT revision, calendar_id, horizon_days, removed_at FROM calendar.connections
WHERE connection_id = :connection_id FOR UPDATE;

-- name: put_connection!
INSERT INTO calendar.connections AS c (connection_id, revision, company_id, user_id, credential_id,
    provider, calendar_id, status, horizon_days)
VALUES (:connection_id, :revision, :company_id, :user_id, :credential_id,
    :provider, :calendar_id, :status, :horizon_days)
ON CONFLICT (connection_id) DO UPDATE SET revision = excluded.revision,
    company_id = excluded.company_id, user_id = excluded.user_id,
    credential_id = excluded.credential_id, provider = excluded.provider,
    calendar_id = excluded.calendar_id, status = excluded.status,
    horizon_days = excluded.horizon_days, channel_due_at = now();

-- name: add_read!
INSERT INTO calendar.reads (connection_id) VALUES (:connection_id) ON CONFLICT DO NOTHING;

-- name: forget_calendar!
-- Another calendar was chosen: nothing that is known of the old one counts any more.
WITH known AS (DELETE FROM calendar.known_events WHERE connection_id = :connection_id)
UPDATE calendar.channels SET state = 'closing', due_at = now()
WHERE connection_id = :connection_id;

-- name: remove_connection!
UPDATE calendar.connections SET revision = :revision, removed_at = now()
WHERE connection_id = :connection_id AND removed_at IS NULL AND revision < :revision;

-- name: read_everything!
-- Start reading a calendar anew; whoever reads it at this moment loses his lease.
INSERT INTO calendar.reads AS r (connection_id, due_at, trace)
SELECT connection_id, now(), trace
FROM unnest(:connection_ids::uuid[], :traces::text[]) AS w(connection_id, trace)
ON CONFLICT (connection_id) DO UPDATE SET cursor = NULL, full_started_at = NULL, listed = false,
    expanded_until = NULL, hints = r.hints + 1, attempts = 0, lease = NULL, leased_until = NULL,
    due_at = now(), trace = excluded.trace;

-- name: read_everything_of_all!
UPDATE calendar.reads SET cursor = NULL, full_started_at = NULL, listed = false,
    expanded_until = NULL, hints = hints + 1, attempts = 0, lease = NULL, leased_until = NULL,
    due_at = now();

-- name: hint!
-- A calendar that waits after an error is not hurried, and what a backfill writes is read together;
-- of a large one, the last notices come late.
-- While it is being read, a hint asks for one more reading, which belongs to the hint's own trace.
UPDATE calendar.reads r SET hints = r.hints + 1, pushed = r.pushed OR w.pushed,
    pushed_at = CASE WHEN w.pushed THEN now() ELSE r.pushed_at END,
    due_at = CASE
        WHEN r.attempts > 0 AND r.due_at IS NOT NULL THEN r.due_at
        WHEN NOT EXISTS (SELECT FROM calendar.commands q
                         WHERE q.connection_id = r.connection_id AND q.backfill)
             AND NOT EXISTS (SELECT FROM calendar.connections c
                             WHERE c.connection_id = r.connection_id
                               AND c.bulk_at > now() - make_interval(secs => :echoing_s))
        THEN now()
        ELSE coalesce(r.due_at, now() + make_interval(secs => :together_s)) END,
    trace = CASE WHEN r.lease IS NULL THEN coalesce(r.trace, w.trace) ELSE w.trace END
FROM unnest(:connection_ids::uuid[], :pushed::boolean[], :traces::text[])
    AS w(connection_id, pushed, trace)
WHERE r.connection_id = w.connection_id;

-- name: sweep
-- Have every calendar read of which nothing was heard for a while. Where pushes are known to come,
-- the while grows with the time since the last one. Access that was lost may come back any time.
UPDATE calendar.reads r SET due_at = now()
FROM calendar.connections c
WHERE c.connection_id = r.connection_id AND r.due_at IS NULL
  AND r.visited_at < now() - CASE
    WHEN r.pushed_at IS NOT NULL AND c.health IS DISTINCT FROM 'grant_lost' AND EXISTS (
        SELECT FROM calendar.channels h
        WHERE h.connection_id = c.connection_id AND h.calendar_id = c.calendar_id
          AND h.state = 'live' AND h.expires_at > now())
    THEN least(make_interval(secs => :quiet_interval_s),
               greatest(make_interval(secs => :interval_s), now() - r.pushed_at))
    ELSE make_interval(secs => :interval_s) END
  AND c.removed_at IS NULL AND c.status = ANY(:readable::text[])
RETURNING r.connection_id;

-- name: claim_reads
WITH due AS (
    SELECT r.connection_id FROM calendar.reads r
    JOIN calendar.connections c ON c.connection_id = r.connection_id
    WHERE r.due_at <= now() AND (r.leased_until IS NULL OR r.leased_until <= now())
      AND c.removed_at IS NULL AND c.status = ANY(:readable::text[])
    ORDER BY r.due_at LIMIT :most FOR UPDATE OF r SKIP LOCKED
)
UPDATE calendar.reads r
SET lease = gen_random_uuid(), leased_until = now() + make_interval(secs => :lease_s)
FROM due JOIN calendar.connections c ON c.connection_id = due.connection_id
WHERE r.connection_id = due.connection_id
RETURNING r.connection_id, r.lease, r.cursor, r.full_started_at, r.listed, r.hints, r.pushed,
    r.trace, r.attempts, r.expanded_until, c.company_id, c.user_id, c.credential_id, c.provider,
    c.calendar_id, c.horizon_days;

-- name: begin_full_read^
UPDATE calendar.reads SET cursor = NULL, full_started_at = :now, listed = false,
    expanded_until = NULL
WHERE connection_id = :connection_id AND lease = :lease RETURNING connection_id;

-- name: store_page^
-- Keep how far a reading has come, and which events are known, while the lease is held.
-- What they were formerly is of no use any more once they were told of.
WITH held AS (
    UPDATE calendar.reads SET cursor = :cursor, listed = :listed,
        leased_until = now() + make_interval(secs => :lease_s)
    WHERE connection_id = :connection_id AND lease = :lease RETURNING connection_id
), seen AS (
    INSERT INTO calendar.known_events AS k
        (connection_id, event_id, ends_at, series_id, formerly, seen_at)
    SELECT held.connection_id, e.event_id, e.ends_at, e.series_id, e.formerly,
        :seen_at::timestamptz
    FROM held, unnest(:event_ids::text[], :ends::timestamptz[], :series_ids::text[],
        :formers::text[]) AS e(event_id, ends_at, series_id, formerly)
    ON CONFLICT (connection_id, event_id) DO UPDATE SET ends_at = excluded.ends_at,
        series_id = excluded.series_id, seen_at = excluded.seen_at,
        formerly = CASE WHEN :foretold::boolean THEN coalesce(excluded.formerly, k.formerly) END
), gone AS (
    DELETE FROM calendar.known_events k USING held
    WHERE k.connection_id = held.connection_id AND k.event_id = ANY(:gone::text[])
)
SELECT connection_id FROM held;

-- name: know_event!
-- An event that we made is known before it is read, unless another calendar was chosen meanwhile.
INSERT INTO calendar.known_events (connection_id, event_id, ends_at, seen_at)
SELECT connection_id, :event_id, :ends_at::timestamptz, :seen_at::timestamptz
FROM calendar.connections
WHERE connection_id = :connection_id AND calendar_id = :calendar_id
ON CONFLICT DO NOTHING;

-- name: unseen_events
-- Events that were known but did not show in a full list; past occurrences of series never do.
SELECT event_id FROM calendar.known_events
WHERE connection_id = :connection_id AND seen_at < :since
  AND (series_id IS NULL OR ends_at > :since)
ORDER BY event_id LIMIT :most;

-- name: coming_occurrences
-- Known occurrences of some series that have not ended yet.
SELECT series_id, event_id, ends_at, formerly FROM calendar.known_events
WHERE connection_id = :connection_id AND series_id = ANY(:series_ids::text[])
  AND ends_at > :now ORDER BY series_id, event_id;

-- name: former_occurrences
-- Those of some occurrences that take the place of another one which is still known, and of which.
SELECT k.event_id, k.formerly FROM calendar.known_events k
JOIN calendar.known_events f ON (f.connection_id, f.event_id) = (k.connection_id, k.formerly)
WHERE k.connection_id = :connection_id AND k.event_id = ANY(:event_ids::text[])
  AND f.ends_at > :now;

-- name: known_singles
-- Those of some events that are known and belong to no series.
SELECT event_id FROM calendar.known_events
WHERE connection_id = :connection_id AND event_id = ANY(:event_ids::text[])
  AND series_id IS NULL;

-- name: keep_reading^
UPDATE calendar.reads SET leased_until = now() + make_interval(secs => :lease_s)
WHERE connection_id = :connection_id AND lease = :lease RETURNING connection_id;

-- name: keep_expanded!
UPDATE calendar.reads SET expanded_until = :until
WHERE connection_id = :connection_id AND lease = :lease;

-- name: forget_ended_events!
-- Events that ended before what a full list covers can not show in it.
DELETE FROM calendar.known_events
WHERE connection_id = :connection_id AND seen_at < :since AND ends_at < :ended_before;

-- name: finish_read^
UPDATE calendar.reads SET lease = NULL, leased_until = NULL, attempts = 0, full_started_at = NULL,
    listed = false, visited_at = now(), pushed = pushed AND hints > :hints,
    due_at = CASE WHEN hints > :hints THEN now() + CASE
        WHEN EXISTS (SELECT FROM calendar.commands q
                     WHERE q.connection_id = :connection_id AND q.backfill)
          OR EXISTS (SELECT FROM calendar.connections c WHERE c.connection_id = :connection_id
                       AND c.bulk_at > now() - make_interval(secs => :echoing_s))
        THEN make_interval(secs => :together_s) ELSE interval '0' END END,
    trace = CASE WHEN hints > :hints THEN trace END
WHERE connection_id = :connection_id AND lease = :lease RETURNING connection_id;

-- name: retry_read!
UPDATE calendar.reads SET lease = NULL, leased_until = NULL, attempts = attempts + 1,
    due_at = now() + make_interval(secs => :wait_s)
WHERE connection_id = :connection_id AND lease = :lease;

-- name: rest_read!
-- Nothing to be read until the next sweep.
UPDATE calendar.reads SET lease = NULL, leased_until = NULL, attempts = 0, due_at = NULL,
    trace = NULL, pushed = false, visited_at = now()
WHERE connection_id = :connection_id AND lease = :lease;

-- name: note_health^
-- Gives the signal before; nothing where the same signal was reported lately.
UPDATE calendar.connections c SET health = :signal, health_reported_at = now()
FROM (SELECT connection_id, health FROM calendar.connections
      WHERE connection_id = :connection_id FOR UPDATE) before
WHERE c.connection_id = before.connection_id
  AND (c.health IS DISTINCT FROM :signal
       OR c.health_reported_at < now() - make_interval(secs => :quiet_s))
RETURNING before.health AS before;

-- name: channel_by_id^
SELECT connection_id, secret_hash FROM calendar.channels
WHERE channel_id = :channel_id AND (expires_at IS NULL OR expires_at > now() - interval '1 day');

-- name: claim_watching
-- Connections that need a channel, or a new one before the old one ends.
WITH due AS (
    SELECT c.connection_id FROM calendar.connections c
    WHERE c.removed_at IS NULL AND c.status = ANY(:readable::text[])
      AND c.channel_due_at <= now()
      AND NOT EXISTS (
        SELECT FROM calendar.channels h
        WHERE h.connection_id = c.connection_id AND h.calendar_id = c.calendar_id
          AND h.state = 'live' AND h.renew_at > now())
    ORDER BY c.channel_due_at LIMIT :most FOR UPDATE OF c SKIP LOCKED
)
UPDATE calendar.connections c SET channel_due_at = now() + make_interval(secs => :lease_s)
FROM due WHERE c.connection_id = due.connection_id
RETURNING c.connection_id, c.credential_id, c.provider, c.calendar_id, c.push_up,
    (SELECT h.channel_id FROM calendar.channels h
     WHERE h.connection_id = c.connection_id AND h.calendar_id = c.calendar_id
       AND h.state = 'live' AND h.expires_at > now() ORDER BY h.opened_at DESC LIMIT 1)
        AS live_channel_id,
    (SELECT h.resource_id FROM calendar.channels h
     WHERE h.connection_id = c.connection_id AND h.calendar_id = c.calendar_id
       AND h.state = 'live' AND h.expires_at > now() ORDER BY h.opened_at DESC LIMIT 1)
        AS live_resource_id;

-- name: add_channel!
INSERT INTO calendar.channels (channel_id, connection_id, calendar_id, secret_hash)
VALUES (:channel_id, :connection_id, :calendar_id, :secret_hash);

-- name: open_channel!
-- A channel is live; those that it takes the place of are closed after it.
WITH opened AS (
    UPDATE calendar.channels SET resource_id = :resource_id, expires_at = :expires_at,
        renew_at = :renew_at, state = CASE state WHEN 'opening' THEN 'live' ELSE state END
    WHERE channel_id = :channel_id RETURNING connection_id, channel_id
), older AS (
    UPDATE calendar.channels h SET state = 'closing', due_at = now()
    FROM opened WHERE h.connection_id = opened.connection_id
      AND h.channel_id <> opened.channel_id AND h.state = 'live'
)
UPDATE calendar.connections c SET push_up = true, channel_due_at = now()
FROM opened WHERE c.connection_id = opened.connection_id;

-- name: drop_channel!
DELETE FROM calendar.channels WHERE channel_id = :channel_id;

-- name: postpone_watching^
-- Gives whether pushes still come by another channel.
UPDATE calendar.connections c SET channel_due_at = now() + make_interval(secs => :wait_s),
    push_up = EXISTS (
        SELECT FROM calendar.channels h WHERE h.connection_id = c.connection_id
          AND h.calendar_id = c.calendar_id AND h.state = 'live' AND h.expires_at > now())
WHERE c.connection_id = :connection_id RETURNING c.push_up;

-- name: doubt_channels!
-- A sweep has found what no push told: the channel may be lost, take a new one, and sweep often
-- until a push comes again.
WITH silent AS (UPDATE calendar.reads SET pushed_at = NULL WHERE connection_id = :connection_id)
UPDATE calendar.channels SET renew_at = now()
WHERE connection_id = :connection_id AND state = 'live'
  AND opened_at < now() - make_interval(secs => :younger_s);

-- name: renew_channels_now!
-- The provider says that a channel needs care.
WITH due AS (
    UPDATE calendar.channels SET renew_at = now()
    WHERE connection_id = :connection_id AND state = 'live' RETURNING connection_id
)
UPDATE calendar.connections SET channel_due_at = now()
WHERE connection_id IN (SELECT connection_id FROM due);

-- name: claim_closing
-- Channels that nobody needs any more; without their connection they can only be forgotten.
WITH due AS (
    SELECT h.channel_id FROM calendar.channels h
    LEFT JOIN calendar.connections c ON c.connection_id = h.connection_id
    WHERE h.due_at <= now()
      AND (h.state = 'closing' OR h.expires_at < now() - interval '1 day'
           OR (h.state = 'opening' AND h.opened_at < now() - interval '10 minutes')
           OR (h.state = 'live' AND (c.connection_id IS NULL OR c.removed_at IS NOT NULL
               OR NOT c.status = ANY(:readable::text[]))))
    ORDER BY h.due_at LIMIT :most FOR UPDATE OF h SKIP LOCKED
)
UPDATE calendar.channels h SET state = 'closing', due_at = now() + make_interval(secs => :lease_s)
FROM due LEFT JOIN calendar.channels same ON same.channel_id = due.channel_id
    LEFT JOIN calendar.connections c ON c.connection_id = same.connection_id
WHERE h.channel_id = due.channel_id
RETURNING h.channel_id, h.resource_id, h.expires_at, c.credential_id, c.provider;

-- name: queue_commands!
-- A newer revision takes the place of an older one; the same one again changes nothing. What a
-- backfill writes waits a moment for company. What was asked for before the database was put back
-- to a backup is not known any more to who asked.
INSERT INTO calendar.commands AS q (link_id, connection_id, revision, backfill, command, trace,
    due_at)
SELECT w.link_id, w.connection_id, w.revision, w.backfill, w.command, w.trace,
    now() + make_interval(secs => CASE WHEN w.backfill THEN :gather_s::double precision ELSE 0 END)
FROM unnest(:link_ids::uuid[], :connection_ids::uuid[], :revisions::int[],
    :backfills::boolean[], :commands::text[], :traces::text[], :occurred_ats::timestamptz[])
    AS w(link_id, connection_id, revision, backfill, command, trace, occurred_at)
WHERE NOT EXISTS (SELECT FROM calendar.connections c WHERE c.connection_id = w.connection_id
    AND c.restored_at > w.occurred_at AND c.removed_at IS NULL)
ON CONFLICT (link_id) DO UPDATE SET connection_id = excluded.connection_id,
    revision = excluded.revision, backfill = excluded.backfill, command = excluded.command,
    trace = excluded.trace, attempts = 0, queued_at = excluded.queued_at,
    due_at = excluded.due_at
WHERE excluded.revision > q.revision;

-- name: claim_writes
WITH due AS (
    SELECT c.connection_id FROM calendar.connections c
    WHERE (c.writing_until IS NULL OR c.writing_until <= now())
      AND (c.removed_at IS NOT NULL OR NOT c.status = ANY(:holding::text[]))
      AND EXISTS (SELECT FROM calendar.commands q
                  WHERE q.connection_id = c.connection_id AND q.due_at <= now())
    LIMIT :most FOR UPDATE OF c SKIP LOCKED
)
UPDATE calendar.connections c SET writing_lease = gen_random_uuid(),
    writing_until = now() + make_interval(secs => :lease_s)
FROM due WHERE c.connection_id = due.connection_id
RETURNING c.connection_id, c.writing_lease, c.credential_id, c.provider;

-- name: due_commands
-- Commands of one mailbox in their order: what a person waits for comes before a backfill. That
-- goes once some of it has waited its moment, with all that came since, or once there is plenty.
-- They are begun from now on, whatever crashes; `begun` tells whether they were before.
WITH waiting AS (
    SELECT q.link_id, q.revision, q.backfill, q.command, q.trace, q.attempts, q.begun,
        q.queued_at, q.due_at <= now() AS is_due, o.revision AS outcome_revision, o.outcome
    FROM calendar.commands q LEFT JOIN calendar.outcomes o ON o.link_id = q.link_id
    WHERE q.connection_id = :connection_id
      AND q.due_at <= now() + make_interval(secs => CASE WHEN q.backfill AND q.attempts = 0
          THEN :gather_s::double precision ELSE 0 END)
    ORDER BY q.backfill, q.queued_at, q.link_id LIMIT :most
), due AS (
    SELECT * FROM waiting WHERE NOT backfill
        OR (SELECT bool_or(is_due) OR count(*) >= :plenty FROM waiting WHERE backfill)
), begun AS (
    UPDATE calendar.commands q SET begun = true FROM due
    WHERE q.link_id = due.link_id AND NOT q.begun
)
SELECT link_id, revision, backfill, command, trace, attempts, begun, outcome_revision, outcome
FROM due ORDER BY backfill, queued_at, link_id;

-- name: keep_writing^
UPDATE calendar.connections SET writing_until = now() + make_interval(secs => :lease_s),
    bulk_at = CASE WHEN :bulk THEN now() ELSE bulk_at END
WHERE connection_id = :connection_id AND writing_lease = :lease RETURNING connection_id;

-- name: drop_command!
DELETE FROM calendar.commands WHERE link_id = :link_id AND revision = :revision;

-- name: remember_outcome!
INSERT INTO calendar.outcomes AS o (link_id, connection_id, revision, outcome)
VALUES (:link_id, :connection_id, :revision, :outcome)
ON CONFLICT (link_id) DO UPDATE SET connection_id = excluded.connection_id,
    revision = excluded.revision, outcome = excluded.outcome, recorded_at = now()
WHERE excluded.revision >= o.revision;

-- name: park_command!
UPDATE calendar.commands SET attempts = attempts + 1,
    due_at = now() + make_interval(secs => :wait_s)
WHERE link_id = :link_id AND revision = :revision;

-- name: postpone_backfill!
UPDATE calendar.commands SET due_at = now() + make_interval(secs => :wait_s)
WHERE connection_id = :connection_id AND backfill
  AND due_at < now() + make_interval(secs => :wait_s);

-- name: stop_writing!
UPDATE calendar.connections SET writing_lease = NULL,
    writing_until = now() + make_interval(secs => :pause_s)
WHERE connection_id = :connection_id AND writing_lease = :lease;

-- name: parked_by_provider
SELECT c.provider, count(*) AS parked FROM calendar.commands q
JOIN calendar.connections c ON c.connection_id = q.connection_id
WHERE q.attempts > 0 GROUP BY c.provider;

-- name: removed_connections
SELECT connection_id, credential_id, removed_at < now() - interval '1 day' AS long_ago
FROM calendar.connections WHERE removed_at IS NOT NULL;

-- name: purge_connections!
WITH reads AS (DELETE FROM calendar.reads WHERE connection_id = ANY(:connection_ids::uuid[])),
     known AS (DELETE FROM calendar.known_events
               WHERE connection_id = ANY(:connection_ids::uuid[])),
     channels AS (DELETE FROM calendar.channels WHERE connection_id = ANY(:connection_ids::uuid[])),
     commands AS (DELETE FROM calendar.commands WHERE connection_id = ANY(:connection_ids::uuid[]))
DELETE FROM calendar.connections WHERE connection_id = ANY(:connection_ids::uuid[]);

-- name: forget_old!
-- What can not be asked for again: the topics keep their messages for a week.
WITH outcomes AS (DELETE FROM calendar.outcomes WHERE recorded_at < now() - interval '90 days'),
     reads AS (DELETE FROM calendar.reads r WHERE r.visited_at < now() - interval '1 day'
               AND NOT EXISTS (SELECT FROM calendar.connections c
                               WHERE c.connection_id = r.connection_id))
DELETE FROM calendar.commands WHERE queued_at < now() - interval '7 days';
