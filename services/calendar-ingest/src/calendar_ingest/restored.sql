-- name: begin_anew!
-- What was told is told again, and every channel is doubted.
WITH doubted AS (UPDATE calendar.channels SET renew_at = now() WHERE state = 'live')
UPDATE calendar.connections SET restored_at = now(), channel_due_at = now(), push_up = NULL,
    health = CASE WHEN health = 'grant_lost' THEN health END, health_reported_at = NULL;

-- name: forget_commands!
-- What is still to be written is asked for anew, but for a connection that was being removed.
DELETE FROM calendar.commands q WHERE NOT EXISTS (
    SELECT FROM calendar.connections c
    WHERE c.connection_id = q.connection_id AND c.removed_at IS NOT NULL);
