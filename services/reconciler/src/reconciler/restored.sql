-- name: begin_anew!
-- Nothing is decided before both sides have been read; a connection that was being removed goes on.
UPDATE sync.connections SET started = false, restored_at = now() WHERE NOT removed;

-- name: forget_half_made_links!
-- What was being made may be there by now, and is found among what is read.
DELETE FROM sync.links l USING sync.connections c
WHERE c.connection_id = l.connection_id AND NOT c.removed AND l.state <> 'dissolved'
  AND (l.activity_id IS NULL OR l.event_id IS NULL);

-- name: forget_writes!
-- Whatever was under way is decided anew; outcomes of before must fit no write that comes now.
UPDATE sync.links l SET commands = NULL, pending_since = NULL,
    body = (l.body::jsonb || jsonb_build_object('pending_activity', NULL, 'pending_event', NULL,
        'revision', (l.body->>'revision')::int + 1000))::json
FROM sync.connections c WHERE c.connection_id = l.connection_id AND NOT c.removed;

-- name: forget_deferred!
DELETE FROM sync.deferred;
