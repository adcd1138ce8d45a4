-- name: begin_anew!
-- Sweeps come often again until webhooks are known to come.
WITH hurried AS (UPDATE crm.sync_users SET calm = 0)
UPDATE crm.connections SET restored_at = now();

-- name: forget_commands!
-- What is still to be written is asked for anew, but for a connection that was being removed.
-- A create that had no answer yet is nobody's rival any more.
WITH unanswered AS (DELETE FROM crm.create_intents WHERE activity_id IS NULL)
DELETE FROM crm.parked_commands q WHERE NOT EXISTS (
    SELECT FROM crm.connections c
    WHERE c.connection_id = q.connection_id AND c.removed_at IS NOT NULL);
