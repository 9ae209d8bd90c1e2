-- Where a hard bounce came from: whether a whole domain is broken is asked at each of them. Goes with its reader.
ALTER TABLE bounce ADD COLUMN domain TEXT;
UPDATE bounce SET domain = (
    SELECT substr(subscriber.key, instr(subscriber.key, '@') + 1)
    FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
    WHERE subscription.id = bounce.subscription)
WHERE kind = 'hard';
CREATE INDEX bounce_of_domain ON bounce (domain, at, subscription) WHERE kind = 'hard';
