-- What is left to do. A job that is done is deleted; one that cannot be done stays as dead.
CREATE TABLE job (
    id         TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    payload    TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('ready', 'leased', 'dead')),
    -- When it may be claimed: its time while it is ready, the end of its lease while it is leased.
    due_at     BIGINT NOT NULL,
    -- How often it was claimed in all; whoever holds the lease proves it with this number.
    claims     BIGINT NOT NULL DEFAULT 0,
    -- How often it was claimed since it was last enqueued.
    attempts   BIGINT NOT NULL DEFAULT 0,
    -- Enqueued again while it was leased: it runs once more, then.
    again_at   BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    died_at    BIGINT,
    CHECK ((state = 'dead') = (died_at IS NOT NULL))
);
CREATE UNIQUE INDEX job_live ON job (kind, key) WHERE state <> 'dead';
CREATE INDEX job_due ON job (due_at, id) WHERE state <> 'dead';
CREATE INDEX job_depth ON job (state, kind, due_at);
CREATE INDEX job_dead ON job (died_at, id) WHERE died_at IS NOT NULL;
