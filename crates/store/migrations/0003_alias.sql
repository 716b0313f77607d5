-- Other names of assets, which a vendor's clients go by. They outlive nothing: an asset that is
-- purged takes its names along.
CREATE TABLE asset_alias (
    alias    TEXT NOT NULL PRIMARY KEY,
    asset_id TEXT NOT NULL REFERENCES asset (id) ON DELETE CASCADE
);
CREATE INDEX asset_alias_asset ON asset_alias (asset_id);
