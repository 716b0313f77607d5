-- Times are milliseconds since 1970, ids hyphenated UUIDs, digests lower-case SHA-256, JSON text.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE signing_key (
    id         TEXT   NOT NULL PRIMARY KEY,
    secret     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

-- Accounts.

CREATE TABLE account (
    id             TEXT   NOT NULL PRIMARY KEY,
    email          TEXT   NOT NULL,
    email_folded   TEXT   NOT NULL UNIQUE,
    username       TEXT   NOT NULL,
    name           TEXT,
    name_folded    TEXT,
    password_hash  TEXT,
    is_superuser   BIGINT NOT NULL DEFAULT 0 CHECK (is_superuser IN (0, 1)),
    is_active      BIGINT NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    session_epoch  BIGINT NOT NULL DEFAULT 0,
    created_at     BIGINT NOT NULL,
    last_active_at BIGINT
);
-- Usernames are ASCII, so both engines fold them alike.
CREATE UNIQUE INDEX account_by_username ON account (lower(username));
CREATE INDEX account_superuser ON account (id) WHERE is_superuser = 1;

CREATE TABLE organization (
    id          TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    name_folded TEXT   NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL
);

CREATE TABLE membership (
    organization_id TEXT   NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    user_id         TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role            TEXT   NOT NULL CHECK (role IN ('member', 'admin', 'owner')),
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX membership_by_user ON membership (user_id, created_at);

CREATE TABLE api_key (
    id              TEXT   NOT NULL PRIMARY KEY,
    user_id         TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    organization_id TEXT   REFERENCES organization (id) ON DELETE CASCADE,
    name            TEXT   NOT NULL,
    prefix          TEXT   NOT NULL,
    secret_hash     TEXT   NOT NULL,
    scopes          TEXT   NOT NULL,
    expires_at      BIGINT,
    last_used_at    BIGINT,
    created_at      BIGINT NOT NULL
);
CREATE INDEX api_key_by_user ON api_key (user_id, id);
CREATE INDEX api_key_by_organization ON api_key (organization_id, user_id)
    WHERE organization_id IS NOT NULL;

-- Long-lived bearer tokens and refresh tokens; sessions themselves are stateless.
CREATE TABLE token (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind       TEXT   NOT NULL CHECK (kind IN ('refresh', 'long')),
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX token_by_user ON token (user_id, kind, expires_at);
CREATE INDEX token_by_expiry ON token (expires_at);

-- Bytes. Facts belong to the content, so equal bytes share them.

CREATE TABLE blob (
    digest          TEXT   NOT NULL PRIMARY KEY,
    size            BIGINT NOT NULL,
    kind            TEXT   NOT NULL,
    mime_type       TEXT   NOT NULL,
    width           BIGINT,
    height          BIGINT,
    orientation     BIGINT,
    dominant_color  TEXT,
    color_profile   TEXT,
    thumbhash       TEXT,
    -- The 64 bits as a signed number.
    perceptual_hash BIGINT,
    animated        BIGINT NOT NULL DEFAULT 0,
    duration_ms     BIGINT,
    -- Which version of the facts is here; 0 until the worker has made them.
    facts_version   BIGINT NOT NULL DEFAULT 0,
    -- Why the content cannot be used, when the worker found that out.
    fault           TEXT,
    created_at      BIGINT NOT NULL,
    -- When the last reference went, as far as known; the collector re-checks.
    orphaned_at     BIGINT
);
CREATE INDEX blob_by_hash ON blob (perceptual_hash) WHERE perceptual_hash IS NOT NULL;
CREATE INDEX blob_orphaned ON blob (orphaned_at) WHERE orphaned_at IS NOT NULL;

CREATE TABLE rendition (
    digest     TEXT   NOT NULL REFERENCES blob (digest) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    mime_type  TEXT   NOT NULL,
    size       BIGINT NOT NULL,
    width      BIGINT NOT NULL,
    height     BIGINT NOT NULL,
    -- Stored thumbnails stay; others go, the least recently used first.
    is_cached  BIGINT NOT NULL CHECK (is_cached IN (0, 1)),
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (digest, name)
);
CREATE INDEX rendition_by_use ON rendition (used_at) WHERE is_cached = 1;

-- Sums over blob and rendition, kept by whoever writes those.
CREATE TABLE byte_count (
    name  TEXT   NOT NULL PRIMARY KEY,
    n     BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
INSERT INTO byte_count (name, n, bytes) VALUES ('blob', 0, 0), ('cached', 0, 0);

-- Collections. Their members are keyed in listing order.

CREATE TABLE collection (
    id              TEXT   NOT NULL PRIMARY KEY,
    owner_id        TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    organization_id TEXT   REFERENCES organization (id) ON DELETE SET NULL,
    name            TEXT   NOT NULL,
    asset_count     BIGINT NOT NULL DEFAULT 0,
    -- The asset that somebody chose to stand for it, while that is there.
    thumbnail_id    TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX collection_by_owner ON collection (owner_id, created_at, id);
CREATE INDEX collection_by_organization ON collection (organization_id, created_at, id)
    WHERE organization_id IS NOT NULL;

-- Persons (face references under one name).

CREATE TABLE person (
    id               TEXT   NOT NULL PRIMARY KEY,
    owner_id         TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    organization_id  TEXT   REFERENCES organization (id) ON DELETE SET NULL,
    name             TEXT   NOT NULL,
    default_image_id TEXT,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    deleted_at       BIGINT
);
CREATE INDEX person_by_default_image ON person (default_image_id)
    WHERE default_image_id IS NOT NULL;
CREATE INDEX person_by_owner ON person (owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX person_by_organization ON person (organization_id, created_at, id)
    WHERE organization_id IS NOT NULL AND deleted_at IS NULL;

-- What happened to assets. The id is the position a listener resumes at.

CREATE TABLE event (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    asset_id    TEXT   NOT NULL,
    uploader_id TEXT   NOT NULL,
    scope       TEXT   NOT NULL,
    is_leaving  BIGINT NOT NULL CHECK (is_leaving IN (0, 1)),
    at          BIGINT NOT NULL
);
CREATE INDEX event_by_scope ON event (scope, id);
CREATE INDEX event_by_uploader ON event (uploader_id, id);

-- Promises of bytes, and bytes without a library entry.

CREATE TABLE upload (
    id              TEXT   NOT NULL PRIMARY KEY,
    owner_id        TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    organization_id TEXT,
    -- The id that the asset will have.
    asset_id        TEXT   NOT NULL,
    filename        TEXT   NOT NULL,
    content_type    TEXT   NOT NULL,
    -- What the asset will be called, as JSON.
    promise         TEXT   NOT NULL DEFAULT '{}',
    kind            TEXT   NOT NULL,
    source          TEXT   NOT NULL CHECK (source IN ('put', 'parts', 'url', 'asset')),
    status          TEXT   NOT NULL
        CHECK (status IN ('pending', 'validating', 'validated', 'imported', 'failed')),
    -- Of an upload by URL.
    url             TEXT,
    size            BIGINT,
    -- In how many parts it comes.
    parts           BIGINT NOT NULL DEFAULT 0,
    error           TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX upload_by_expiry ON upload (expires_at);
CREATE INDEX upload_by_owner ON upload (owner_id, created_at, id);

-- What has arrived of an upload in parts.
CREATE TABLE upload_part (
    upload_id TEXT   NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    number    BIGINT NOT NULL,
    digest    TEXT   NOT NULL REFERENCES blob (digest),
    size      BIGINT NOT NULL,
    PRIMARY KEY (upload_id, number)
);
CREATE INDEX upload_part_by_digest ON upload_part (digest);

CREATE TABLE temp_file (
    key         TEXT   NOT NULL PRIMARY KEY,
    owner_id    TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    digest      TEXT   NOT NULL REFERENCES blob (digest),
    filename    TEXT   NOT NULL,
    description TEXT,
    mime_type   TEXT   NOT NULL,
    size        BIGINT NOT NULL,
    -- The task that made it; of those that were uploaded there is none.
    task_id     TEXT,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX temp_file_by_owner ON temp_file (owner_id, created_at, key) WHERE task_id IS NULL;
CREATE INDEX temp_file_by_task ON temp_file (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX temp_file_by_expiry ON temp_file (expires_at);
CREATE INDEX temp_file_by_digest ON temp_file (digest);

-- The states that a canvas went through.
CREATE TABLE asset_snapshot (
    asset_id  TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    digest    TEXT   NOT NULL REFERENCES blob (digest),
    author_id TEXT   NOT NULL,
    taken_at  BIGINT NOT NULL,
    PRIMARY KEY (asset_id, id)
);
CREATE INDEX asset_snapshot_by_digest ON asset_snapshot (digest);

-- Long work that a user watches.

CREATE TABLE task (
    id              TEXT   NOT NULL PRIMARY KEY,
    owner_id        TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    organization_id TEXT,
    kind            TEXT   NOT NULL,
    status          TEXT   NOT NULL
        CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    -- What the task is about, such as an entity's id.
    subject         TEXT,
    payload         TEXT   NOT NULL DEFAULT '{}',
    progress        BIGINT NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    total_items     BIGINT,
    processed_items BIGINT NOT NULL DEFAULT 0,
    error           TEXT,
    result          TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT
);
CREATE INDEX task_by_owner ON task (owner_id, created_at, id);
CREATE INDEX task_by_subject ON task (subject, created_at, id) WHERE subject IS NOT NULL;
CREATE INDEX task_by_finish ON task (finished_at) WHERE finished_at IS NOT NULL;

-- Answers kept for repeated calls.

CREATE TABLE idempotency_key (
    subject     TEXT   NOT NULL,
    key         TEXT   NOT NULL,
    -- Tells one call from another.
    fingerprint TEXT   NOT NULL,
    -- NULL while the first call is under way.
    status      BIGINT,
    body        TEXT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);
