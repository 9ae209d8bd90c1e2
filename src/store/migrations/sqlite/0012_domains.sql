-- Where a delivery goes: a domain that takes no more for now is passed over without reading its rows. Goes with its reader.
ALTER TABLE delivery ADD COLUMN domain TEXT;
UPDATE delivery SET domain = (
    SELECT substr(subscriber.key, instr(subscriber.key, '@') + 1)
    FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
    WHERE subscription.id = delivery.subscription)
WHERE state IN ('waiting', 'sending', 'deferred', 'doubt');
DROP INDEX delivery_open;
DROP INDEX delivery_in_doubt;
CREATE INDEX delivery_open ON delivery (issue, id, domain)
    WHERE state IN ('waiting', 'deferred') AND lease_until IS NULL;
CREATE INDEX delivery_in_doubt ON delivery (issue, id, domain) WHERE state = 'doubt' AND lease_until IS NULL;
