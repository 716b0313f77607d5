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
    perceptual_hash TEXT,
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
