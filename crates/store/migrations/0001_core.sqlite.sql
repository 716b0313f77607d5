-- Assets, and the tables that stand for indexes over them. Only `store::assets` writes these.
--
-- `seq` ties an asset to its row of the full-text index, which SQLite keys by integer. It grows
-- with the second of creation: that second * 2^18, and a number within it. So hits come in the
-- order of creation, but for those of one second.
-- `scope` is where the asset is listed: `p`, `o:<organisation>` or `u:<uploader>`, and the same
-- behind a `-` while it is deleted. So each listing is one range of an index.
-- `tags` is a JSON array with a line feed before each member: `instr` finds a member exactly.

CREATE TABLE asset (
    seq             INTEGER PRIMARY KEY,
    id              TEXT   NOT NULL UNIQUE,
    scope           TEXT   NOT NULL,
    uploader_id     TEXT   NOT NULL REFERENCES account (id),
    visibility      TEXT   NOT NULL CHECK (visibility IN ('private', 'shared', 'unlisted', 'public')),
    status          TEXT   NOT NULL CHECK (status IN ('processing', 'ready', 'failed')),
    asset_type      TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    deleted_at      BIGINT,
    size            BIGINT,
    -- `size`, and 0 when it is unknown.
    size_sort       BIGINT NOT NULL,
    width           BIGINT,
    height          BIGINT,
    organization_id TEXT   REFERENCES organization (id),
    parent_id       TEXT,
    root_id         TEXT,
    inference_id    TEXT,
    model_id        TEXT,
    author_id       TEXT,
    project         TEXT,
    digest          TEXT   REFERENCES blob (digest),
    mime_type       TEXT,
    dominant_color  TEXT,
    thumbhash       TEXT,
    has_thumbnails  BIGINT NOT NULL,
    access_epoch    BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    -- In how many collections it is.
    collections     BIGINT NOT NULL DEFAULT 0,
    name            TEXT   NOT NULL,
    filename        TEXT   NOT NULL,
    filename_folded TEXT   NOT NULL,
    tags            TEXT   NOT NULL,
    error           TEXT,
    source_url      TEXT,
    styling_note    TEXT,
    description     TEXT,
    detected        TEXT,
    parameters      TEXT   NOT NULL,
    thumbnail_id    TEXT,
    is_hidden       BIGINT NOT NULL DEFAULT 0,
    -- Who may change it until then.
    lock_id         TEXT,
    locked_until    BIGINT
);

-- One index for each order of each reach.
CREATE INDEX asset_scope_created ON asset (scope, created_at, id);
CREATE INDEX asset_scope_updated ON asset (scope, updated_at, id);
CREATE INDEX asset_scope_filename ON asset (scope, filename_folded, id);
CREATE INDEX asset_scope_size ON asset (scope, size_sort, id);
CREATE INDEX asset_uploader_created ON asset (uploader_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_uploader_updated ON asset (uploader_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_uploader_filename ON asset (uploader_id, filename_folded, id)
    WHERE deleted_at IS NULL;
CREATE INDEX asset_uploader_size ON asset (uploader_id, size_sort, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_public_created ON asset (created_at, id)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_public_updated ON asset (updated_at, id)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_public_filename ON asset (filename_folded, id)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_public_size ON asset (size_sort, id)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_all_created ON asset (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_all_updated ON asset (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_all_filename ON asset (filename_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_all_size ON asset (size_sort, id) WHERE deleted_at IS NULL;
CREATE INDEX asset_deleted_created ON asset (created_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX asset_uploader_deleted ON asset (uploader_id, created_at, id)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX asset_deleted ON asset (deleted_at) WHERE deleted_at IS NOT NULL;

-- Narrow parts of a scope.
CREATE INDEX asset_scope_unlisted ON asset (scope, created_at, id) WHERE visibility = 'unlisted';
CREATE INDEX asset_scope_public ON asset (scope, created_at, id) WHERE visibility = 'public';

-- Filters, each in the order of creation within a scope.
CREATE INDEX asset_type ON asset (asset_type, scope, created_at, id);
CREATE INDEX asset_kind ON asset (kind, scope, created_at, id);
CREATE INDEX asset_status ON asset (status, scope, created_at, id) WHERE status <> 'ready';
CREATE INDEX asset_organization ON asset (organization_id, scope, created_at, id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX asset_parent ON asset (parent_id, scope, created_at, id) WHERE parent_id IS NOT NULL;
CREATE INDEX asset_root ON asset (root_id, scope, created_at, id) WHERE root_id IS NOT NULL;
CREATE INDEX asset_inference ON asset (inference_id, scope, created_at, id)
    WHERE inference_id IS NOT NULL;
CREATE INDEX asset_model ON asset (model_id, scope, created_at, id) WHERE model_id IS NOT NULL;
CREATE INDEX asset_author ON asset (author_id, scope, created_at, id) WHERE author_id IS NOT NULL;
CREATE INDEX asset_project ON asset (project, scope, created_at, id) WHERE project IS NOT NULL;
CREATE INDEX asset_public_type ON asset (asset_type, created_at, id)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_public_model ON asset (model_id, created_at, id)
    WHERE model_id IS NOT NULL AND visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_public_author ON asset (author_id, created_at, id)
    WHERE author_id IS NOT NULL AND visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX asset_digest ON asset (digest, uploader_id) WHERE digest IS NOT NULL;

-- How many assets there are of each sort.
CREATE TABLE asset_count (
    scope       TEXT   NOT NULL,
    uploader_id TEXT   NOT NULL,
    visibility  TEXT   NOT NULL,
    asset_type  TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    is_deleted  BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (scope, uploader_id, visibility, asset_type, status, kind)
) WITHOUT ROWID;
CREATE INDEX asset_count_uploader ON asset_count (uploader_id);
CREATE INDEX asset_count_public ON asset_count (is_deleted) WHERE visibility = 'public';

-- Which assets have a tag, in the order of creation.
CREATE TABLE asset_tag (
    tag        TEXT   NOT NULL,
    scope      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    -- 1 when the asset is public and not deleted.
    is_public  BIGINT NOT NULL,
    PRIMARY KEY (tag, scope, created_at, id)
) WITHOUT ROWID;
CREATE INDEX asset_tag_public ON asset_tag (tag, created_at, id, seq) WHERE is_public = 1;

-- How many assets that are not deleted have a tag.
CREATE TABLE tag_count (
    scope       TEXT   NOT NULL,
    tag         TEXT   NOT NULL,
    uploader_id TEXT   NOT NULL,
    visibility  TEXT   NOT NULL,
    n           BIGINT NOT NULL,
    -- When the tag was first and last given here.
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (scope, tag, uploader_id, visibility)
) WITHOUT ROWID;
CREATE INDEX tag_count_tag ON tag_count (tag);

-- Which assets have a value at a path of their parameters; `pair` is a hash of both.
CREATE TABLE asset_parameter (
    pair       BIGINT NOT NULL,
    scope      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    PRIMARY KEY (pair, scope, created_at, id)
) WITHOUT ROWID;

-- The fields of text search, folded.
CREATE TABLE asset_text (
    seq         INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    filename    TEXT NOT NULL,
    tags        TEXT NOT NULL,
    project     TEXT NOT NULL,
    note        TEXT NOT NULL,
    description TEXT NOT NULL,
    prompt      TEXT NOT NULL
);

-- Which assets have a word or three characters in a row in a field, as hexadecimal terms; `place`
-- says whose they are. What is deleted is not in it.
CREATE VIRTUAL TABLE asset_fts USING fts5 (
    name, filename, tags, project, note, description, prompt, place,
    content = '', contentless_delete = 1, detail = column, tokenize = 'ascii'
);
CREATE VIRTUAL TABLE asset_term USING fts5vocab ('asset_fts', 'instance');

-- Every word there ever was, and which have three characters in a row.
CREATE TABLE text_word (
    id   INTEGER PRIMARY KEY,
    word TEXT NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE text_word_fts USING fts5 (
    word, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
);

CREATE TABLE collection_member (
    collection_id TEXT   NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    created_at    BIGINT NOT NULL,
    asset_id      TEXT   NOT NULL,
    seq           BIGINT NOT NULL,
    PRIMARY KEY (collection_id, created_at, asset_id)
) WITHOUT ROWID;
CREATE INDEX collection_member_asset ON collection_member (asset_id);

CREATE TABLE person_image (
    person_id TEXT   NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    asset_id  TEXT   NOT NULL,
    PRIMARY KEY (person_id, asset_id)
) WITHOUT ROWID;
CREATE INDEX person_image_asset ON person_image (asset_id);

-- The perceptual hashes of blobs by each of their four bands of 16 bits: `band * 65536 + bits`.
CREATE TABLE blob_band (
    band BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    PRIMARY KEY (band, hash)
) WITHOUT ROWID;

-- What an image encoder made of a picture: one signed byte for each dimension.
CREATE TABLE embedding (
    digest TEXT NOT NULL REFERENCES blob (digest) ON DELETE CASCADE,
    model  TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (digest, model)
) WITHOUT ROWID;
CREATE INDEX embedding_model ON embedding (model);
