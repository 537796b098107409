"""Copies between two nodes: killed half-way, damaged, asked for. Each node has folders of its own."""

from __future__ import annotations

import os
import shutil
import signal

import fsspec
import pytest
from moto.server import ThreadedMotoServer
from ray.exceptions import RayTaskError

from realm.rules.stronghold import TransferState
from realm.vault.folders import WEIGHTS
from tests.cluster.vault_cluster import TwoNodes

MB = 1_000_000
SIZE = 64 * MB


@pytest.fixture(scope="module")
def bucket():
    """A bucket of a real S3 server; its keys are in the environment, as they are for a realm."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "of-books", "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in keys}
    os.environ |= keys
    options = {"endpoint_url": f"http://{host}:{port}"}
    fsspec.filesystem("s3", **options).mkdir("vault")
    yield {"zone": "cold", "uri": "s3://vault/copies", "options": options}
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="module")
def nodes(tmp_path_factory, bucket):
    two = TwoNodes(tmp_path_factory.mktemp("nodes"), object_store_mb=120, more={"bucket": bucket})
    try:
        yield two
    finally:
        two.close()


def moved(nodes, checkpoint, target, source, kill):
    """Transfer a checkpoint; the process `kill` is killed with -9 when a part of it is at the target."""
    victim = nodes.movers()[kill]
    asked = nodes.call("transfer", checkpoint.id, target, source)
    assert (asked["state"], asked["bytes_total"]) == ("pending", SIZE)
    staged = {"cellar": nodes.cellar, "shelf": nodes.shelf}[target] / "copies" / ".staging"
    part = staged / checkpoint.id.replace("/", "~~") / WEIGHTS
    nodes.wait(asked["id"], lambda it: it.bytes_done > 16 * MB)
    inode = part.stat().st_ino
    os.kill(victim, signal.SIGKILL)
    before = nodes.transfers.get(asked["id"])
    done = nodes.wait(asked["id"], lambda it: it.state.terminal)
    assert (done.state, done.error) == (TransferState.COMPLETED, None)
    assert before.state == TransferState.RUNNING, "it was over before the kill"
    arrived = staged.parent / checkpoint.id / WEIGHTS
    assert arrived.stat().st_ino == inode, "it began anew"
    return arrived


def test_a_transfer_goes_on_after_its_sender_was_killed(nodes):
    """From home the sender is VaultKeeper itself; from the cellar a hand there."""
    checkpoint = nodes.save(1000, SIZE)
    nodes.call("zones")
    arrived = moved(nodes, checkpoint, "cellar", None, "keeper")
    row = nodes.call("show", checkpoint.id)
    assert [each["stronghold"] for each in row["locations"]] == ["home", "cellar"]
    assert row["zones"] == ["hot", "cold"]
    assert (arrived.parent / "merges.txt").read_bytes() == b""

    nodes.call("zones")
    with nodes.watched() as peaks:
        moved(nodes, checkpoint, "shelf", "cellar", "hand")
    assert set(peaks) == {"keeper", "hand"}
    assert max(peaks.values()) < 200 * MB
    assert nodes.call("verify", checkpoint.id)["ok"]


def test_a_host_asks_and_gets_a_whole_copy_whoever_is_damaged(nodes):
    checkpoint = nodes.save(2000, MB)
    cellar = nodes.node.node_id
    path = nodes.call("ask", checkpoint.id, None, cellar)
    assert path == f"{nodes.cellar}/realm/cache/{checkpoint.id}"
    assert nodes.call("ask", checkpoint.id, None, cellar) == path

    assert nodes.call("ask", checkpoint.id) == checkpoint.path
    asked = nodes.call("transfer", checkpoint.canonical_name, "cellar")
    nodes.wait(asked["id"], lambda it: it.state.terminal)
    flip(nodes.home.checkpoints / checkpoint.id / WEIGHTS)
    told = nodes.call("verify", checkpoint.id)
    assert [(each["stronghold"], each["ok"]) for each in told["locations"]] == [("home", False), ("cellar", True)]
    assert "sha256" in told["locations"][0]["detail"]
    fetched = nodes.call("ask", checkpoint.id)
    assert fetched == f"{nodes.home.cache}/{checkpoint.id}"
    assert nodes.call("starting_point", "mote-1")["source"] == fetched

    flip(nodes.cellar / "copies" / checkpoint.id / WEIGHTS)
    flip(nodes.home.cache / checkpoint.id / WEIGHTS)
    with pytest.raises(RayTaskError, match=r"nowhere to be had. Looked for in home: .*cellar: "):
        nodes.call("ask", checkpoint.id)
    assert nodes.call("ask", checkpoint.id, "/else") == "/else"
    assert nodes.call("ask", "checkpoint-77", "/else") == "/else"
    assert nodes.call("starting_point", "mote-1")["step"] == 1000


def test_a_bucket_keeps_a_copy_that_is_joined_from_its_pieces(nodes, bucket):
    checkpoint = nodes.save(2500, 20 * MB)
    asked = nodes.call("transfer", checkpoint.id, "bucket")
    done = nodes.wait(asked["id"], lambda it: it.state.terminal)
    assert (done.state, done.error) == (TransferState.COMPLETED, None)
    files = fsspec.filesystem("s3", **bucket["options"])
    assert files.size(f"vault/copies/{checkpoint.id}/{WEIGHTS}") == 20 * MB
    assert not files.exists("vault/copies/.staging")
    assert nodes.call("verify", checkpoint.id)["ok"]
    assert nodes.call("scan", "bucket") == {"found": 1, "adopted": 0, "unreadable": []}
    shutil.rmtree(checkpoint.path)
    fetched = nodes.call("ask", checkpoint.id)
    assert fetched == f"{nodes.home.cache}/{checkpoint.id}"


def test_a_target_that_is_full_says_so_and_nothing_is_written(nodes):
    checkpoint = nodes.save(3000, MB)
    nodes.settings["vault"]["min_free_mb"] = 10**9
    nodes.write_settings()
    try:
        asked = nodes.call("transfer", checkpoint.id, "shelf")
        done = nodes.wait(asked["id"], lambda it: it.state.terminal)
    finally:
        nodes.settings["vault"]["min_free_mb"] = 1
        nodes.write_settings()
    assert done.state == TransferState.FAILED
    assert "must stay free; shelf has" in done.error
    assert not (nodes.shelf / "copies" / checkpoint.id).exists()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
