"""Every call that the vendor's client has for what this server keeps, each answer validated.

Run as: suite.py BASE KEY_ID KEY_SECRET PICTURE PICTURE_URL, against a server with a worker.
"""

import base64
import io
import os
import sys
import time
import zipfile

import httpx
from scenario_sdk import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    Scenario,
)

BASE, KEY, SECRET = (os.environ[name] for name in ("BASE", "KEY_ID", "KEY_SECRET"))
PICTURE, PICTURE_URL = os.environ["PICTURE"], os.environ["PICTURE_URL"]
DEADLINE_S = 60


def client(**options) -> Scenario:
    options = {"api_key": KEY, "api_secret": SECRET, "max_retries": 0, **options}
    return Scenario(base_url=f"{BASE}/scenario/v1", _strict_response_validation=True, **options)


api = client()
with open(PICTURE, "rb") as file:
    BYTES = file.read()
IMAGE = base64.b64encode(BYTES).decode()


def refused(expected, call, /, *args, **fields):
    """The refusal of a call, which wears the envelope."""
    try:
        call(*args, **fields)
    except expected as error:
        body = error.body
        assert isinstance(body, dict), body
        assert {"error", "message", "reason", "trace_id"} <= body.keys(), body
        return body
    raise AssertionError(f"{call} was not refused")


def until(ask, holds):
    """Asks until it holds."""
    end = time.monotonic() + DEADLINE_S
    while True:
        found = ask()
        if holds(found):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.02)


def upload(name: str, **fields):
    asset = api.assets.upload(name=name, image=IMAGE, **fields).asset
    return until(lambda: api.assets.retrieve(asset.id).asset, lambda it: it.status != "pending")


def register(**fields):
    """A generation result, by the native API."""
    answer = httpx.post(
        f"{BASE}/api/v1/assets",
        auth=(KEY, SECRET),
        json={"base64": IMAGE, "filename": "result.jpg", "visibility": "shared", **fields},
    )
    assert answer.status_code == 201, answer.text
    return api.assets.retrieve(answer.json()["id"]).asset


def assets():
    first = upload("first.jpg")
    assert first.status == "success" and first.id.startswith("asset_"), first
    assert (first.kind, first.metadata.type, first.source) == ("image", "uploaded", "uploaded")
    assert (first.properties.width, first.properties.height) == (640, 427), first.properties
    assert first.mime_type == "image/jpeg" and first.privacy == "private"
    assert httpx.get(first.url).content == BYTES
    small = httpx.get(first.url + "&format=jpeg&quality=80&width=256")
    assert small.headers["content-type"] == "image/jpeg" and len(small.content) < len(BYTES)
    child = upload("child.jpg", parent_id=first.id, hide=True, original_assets=True)
    assert (child.metadata.parent_id, child.is_hidden) == (first.id, True)
    changed = api.assets.update(first.id, name="Tom", description="a cat").asset
    assert (changed.metadata.name, changed.description) == ("Tom", "a cat")
    tags = api.assets.update_tags(first.id, add=["cat", "pet"])
    assert (tags.added, tags.deleted) == (["cat", "pet"], [])
    tags = api.assets.update_tags(first.id, add=["cat"], delete=["pet"])
    assert (tags.added, tags.deleted) == ([], ["pet"])
    refused(BadRequestError, api.assets.update_tags, first.id, add=["cat"], strict=True)
    copy = api.assets.duplicate(first.id).asset
    assert copy.metadata.parent_id == first.id and copy.tags == ["cat"]
    found = api.assets.get_bulk(asset_ids=[child.id, "asset_unknown", first.id]).assets
    assert [it.id for it in found] == [child.id, first.id]
    assert api.assets.delete_multiple(asset_ids=[copy.id]) == {}
    refused(NotFoundError, api.assets.retrieve, copy.id)
    gone = [it.id for it in api.assets.list(deleted=True)]
    assert gone == [copy.id], gone
    restored = api.assets.restore_multiple(asset_ids=[copy.id, first.id, "asset_unknown"])
    assert restored.restored_asset_ids == [copy.id]
    assert [it.reason for it in restored.skipped_assets] == ["not-deleted", "not-found"]
    return first, child


def results(parent):
    made = register(
        name="result",
        type="inference-controlnet-img2img",
        parent_id=parent.id,
        inference_id="inf_1",
        model_id="model_1",
        author_id="painter",
        parameters={"prompt": "a red fox", "seed": 42, "guidance": 3.5, "house": [1]},
    )
    it = made.metadata
    assert (it.prompt, it.seed, it.guidance) == ("a red fox", "42", 3.5), it
    assert (it.inference_id, it.api_model_id, it.root_parent_id) == ("inf_1", "model_1", parent.id)
    assert (made.source, made.author_id) == ("inference-control-net-img", "painter")
    for query in (
        {"inference_id": "inf_1"},
        {"model_id": "model_1"},
        {"author_id": "painter"},
        {"type": "inference-controlnet-img2img"},
        {"types": ["inference-controlnet-img2img", "uploaded-3d"]},
        {"parent_asset_id": parent.id, "types": ["inference-controlnet-img2img"]},
        {"root_asset_id": parent.id, "type": "inference-controlnet-img2img"},
    ):
        found = [asset.id for asset in api.assets.list(**query)]
        assert found == [made.id], (query, found)
    return made


def listing():
    everything = [it.id for it in api.assets.list(page_size=2)]
    assert len(everything) == len(set(everything)) >= 4
    upward = [it.id for it in api.assets.list(page_size=3, sort_direction="asc")]
    assert upward == everything[::-1]
    assets = list(api.assets.list(sort_by="updatedAt", sort_direction="asc"))
    bound = assets[1].updated_at
    later = api.assets.list(sort_by="updatedAt", sort_direction="asc", updated_after=bound)
    assert [it.id for it in later] == [it.id for it in assets if it.updated_at > bound]
    refused(BadRequestError, api.assets.list, updated_after=bound)
    refused(BadRequestError, api.assets.list, type="uploaded", types=["uploaded"])
    refused(BadRequestError, api.assets.list, tags="cat")
    body = refused(BadRequestError, api.assets.list, pagination_token="tampered")
    assert body["reason"] == "bad-cursor" and "gave out" in body["message"], body
    assert list(api.assets.list(privacy="public")) == []
    tags = {it.tag_name: it.item_count for it in api.tags.list(page_size=1)}
    assert tags == {"cat": 2}, tags


def locks(asset):
    until_then = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 3600))
    locked = api.assets.lock(asset.id, lock_expires_at=until_then)
    assert locked.asset.metadata.lock_expires_at == until_then
    assert refused(ConflictError, api.assets.update, asset.id, name="x")["reason"] == "locked"
    refused(ConflictError, api.assets.delete_multiple, asset_ids=[asset.id])
    held = api.assets.update(asset.id, name="held", lock_id=locked.lock_id).asset
    assert held.metadata.name == "held"
    refused(BadRequestError, api.assets.unlock, asset.id)
    assert api.assets.unlock(asset.id, lock_id=locked.lock_id).asset.metadata.lock_expires_at is None
    api.assets.lock(asset.id, lock_expires_at=until_then)
    api.assets.unlock(asset.id, force_unlock=True)


def canvases():
    made = api.assets.upload(name="board", canvas='{"n": 0}', thumbnail=IMAGE).asset
    assert (made.metadata.type, made.source, made.kind) == ("canvas", "canvas", "json"), made
    assert made.metadata.thumbnail.asset_id != made.id
    for n in range(1, 12):
        changed = api.assets.update(made.id, canvas=f'{{"n": {n}}}').asset
    assert httpx.get(changed.url).json() == {"n": 11}
    states = list(api.assets.list_snapshots(made.id, page_size=10))
    assert [it.raw_data for it in states] == [f'{{"n": {n}}}' for n in range(11, -1, -1)]
    assert len({it.hash for it in states}) == 12 and states[0].taken_at >= states[-1].taken_at
    api.assets.delete_multiple(asset_ids=[made.id])


def collections(first, second):
    made = api.collections.create(name="Cats").collection
    assert (made.asset_count, made.item_count, made.api_model_count) == (0, 0, 0)
    full = api.collections.assets.add(made.id, asset_ids=[first.id, second.id]).collection
    assert full.asset_count == 2 and full.thumbnail is not None
    again = api.collections.assets.add(made.id, asset_ids=[first.id]).collection
    assert again.asset_count == 2
    inside = {it.id for it in api.assets.list(collection_id=made.id)}
    assert inside == {first.id, second.id}
    refused(BadRequestError, api.collections.assets.add, made.id, asset_ids=["x"] * 50)
    less = api.collections.assets.remove(made.id, asset_ids=[second.id]).collection
    assert less.asset_count == 1
    changed = api.collections.update(made.id, name="Dogs", thumbnail=second.id).collection
    assert (changed.name, changed.thumbnail.asset_id) == ("Dogs", second.id)
    assert api.collections.retrieve(made.id).collection.name == "Dogs"
    api.collections.create(name="Other")
    names = [it.name for it in api.collections.list(page_size=1)]
    assert names == ["Other", "Dogs"], names
    assert api.collections.delete(made.id) == {}
    refused(NotFoundError, api.collections.retrieve, made.id)


def projects(asset):
    (project,) = api.projects.list()
    assert (project.id, project.name) == (asset.owner_id, "Studio")
    assert api.projects.retrieve(project.id).project.id == project.id
    (team,) = api.teams.list().teams
    assert team.id == project.team_id and team.projects[0].id == project.id
    assert api.teams.retrieve(team.id).team.users[0].email == "mira@example.com"
    assert [it.id for it in api.projects.list(team_id=team.id)] == [project.id]
    refused(NotFoundError, api.projects.retrieve, "proj_unknown")
    mine = api.assets.list(project_id=project.id)
    assert asset.id in [it.id for it in mine]


def uploads():
    half = len(BYTES) // 2
    begun = api.uploads.create(
        kind="image", file_name="parts.jpg", content_type="image/jpeg",
        file_size=len(BYTES), parts=2, asset_options={"hide": True},
    ).upload
    assert (begun.status, begun.source, begun.parts_count) == ("pending", "multipart", 2)
    refused(BadRequestError, api.uploads.trigger_action, begun.id, action="complete")
    for part, chunk in zip(begun.parts, (BYTES[:half], BYTES[half:])):
        assert httpx.put(part.url, content=chunk).is_success
    done = api.uploads.trigger_action(begun.id, action="complete").upload
    assert done.status in ("validating", "validated", "imported"), done
    final = until(lambda: api.uploads.retrieve(begun.id).upload,
                  lambda it: it.status in ("imported", "failed"))
    assert final.status == "imported", final
    asset = api.assets.retrieve(final.entity_id).asset
    assert asset.is_hidden and httpx.get(asset.url).content == BYTES
    begun = api.uploads.create(url=PICTURE_URL, kind="image").upload
    final = until(lambda: api.uploads.retrieve(begun.id).upload,
                  lambda it: it.status in ("imported", "failed"))
    assert (final.status, final.source) == ("imported", "url"), final
    ours = api.uploads.create(url=asset.url, kind="image").upload
    assert ours.status == "imported", ours
    refused(BadRequestError, api.uploads.create, kind="model", url=PICTURE_URL)
    refused(NotFoundError, api.uploads.retrieve, "upload_unknown")


def search(first, result):
    found = api.search.asset_search(query="RED fox")
    assert [it.id for it in found] == [result.id]
    hit = found.hits[0]
    assert hit.metadata.seed == "42" and hit.team_id.startswith("team_") and hit.nsfw == []
    everything = list(api.search.asset_search(query="", limit=2, offset=0, sort_by=["createdAt:asc"]))
    assert len(everything) == len({it.id for it in everything}) >= 4
    assert everything[0].id == first.id
    pages = api.search.asset_search(page=2, hits_per_page=2, sort_by=["createdAt:asc"])
    assert [it.id for it in pages.hits] == [it.id for it in everything[2:4]]
    for text in (
        "metadata.seed = 42",
        "type = inference-controlnet-img2img AND kind = image",
        "(modelId = model_1 OR tags = nothing) AND NOT privacy = public",
        "metadata.inferenceId IN [inf_1, inf_2]",
    ):
        found = [it.id for it in api.search.asset_search(filter=text)]
        assert found == [result.id], (text, found)
    body = refused(BadRequestError, api.search.asset_search, filter="kind = image AND (tags")
    assert "column" in body["message"], body
    like = list(api.search.asset_search(image=first.id))
    assert like and like[0].score is not None
    url = f"data:image/jpeg;base64,{IMAGE}"
    alike = list(api.search.asset_search(images={"like": [url], "unlike": []}))
    assert alike
    assert list(api.search.asset_search(public=True)) == []


def downloads(asset):
    same = api.assets.download.request(asset.id)
    assert httpx.get(same.url).content == BYTES and same.mime_type == "image/jpeg"
    webp = api.assets.download.request(asset.id, target_format="webp")
    answer = httpx.get(webp.url)
    assert (webp.mime_type, answer.headers["content-type"]) == ("image/webp", "image/webp")
    refused(BadRequestError, api.assets.download.request, asset.id, target_format="mp4")
    job = api.assets.download.request_batch(
        query={"asset_ids": [asset.id], "inference_ids": ["inf_1"], "model_ids": []},
        options={"file_name_template": "<seed>-<prompt>-<id>", "flat": True, "archive_name": "all"},
    )
    done = until(lambda: api.assets.download.get_status(job.job_id),
                 lambda it: it.job_status in ("success", "failure"))
    assert done.job_status == "success", done
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(done.download_url).content))
    assert len(archive.namelist()) == 2 and archive.testzip() is None
    assert any("red_fox" in name for name in archive.namelist()), archive.namelist()
    query = {"asset_ids": [], "inference_ids": [], "model_ids": []}
    options = {"file_name_template": "<id>"}
    refused(BadRequestError, api.assets.download.request_batch, query=query, options=options)
    refused(NotFoundError, api.assets.download.get_status, "job_unknown")


def refusals():
    refused(AuthenticationError, client(api_secret="wrong").assets.list)
    refused(NotFoundError, api.assets.retrieve, "asset_unknown")
    public = client(default_headers={"Authorization": "public-auth-token"})
    assert list(public.assets.list()) == []


def main():
    first, child = assets()
    result = results(first)
    listing()
    locks(child)
    canvases()
    collections(first, child)
    projects(first)
    search(first, result)
    uploads()
    downloads(first)
    refusals()
    print("every call was answered")


if __name__ == "__main__":
    sys.exit(main())
