"""`cluster.yaml`: what `ray up` would make of it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from realm.cli.ray_head import environment
from realm.home import RealmHome

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "cluster.yaml").read_text(encoding="utf-8")


@pytest.fixture
def cluster() -> dict:
    return yaml.safe_load(TEXT)


def ray_start(commands: list[str]) -> tuple[dict[str, str], list[str]]:
    """Variables and arguments of the only `ray start` among them."""
    (command,) = [part for line in commands for part in line.split(";") if "ray start" in part]
    words = shlex.split(command)
    at = words.index("ray")
    return dict(word.split("=", 1) for word in words[:at]), words[at:]


def test_ray_accepts_it(cluster):
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(cluster)
    validate_config(prepared)
    (node_type,) = prepared["available_node_types"].values()
    assert (node_type["min_workers"], node_type["max_workers"]) == (1, 1)


def test_each_box_starts_with_its_label_and_token_auth(cluster):
    for key, role in (("head_start_ray_commands", "arena"), ("worker_start_ray_commands", "oracle")):
        variables, words = ray_start(cluster[key])
        assert f"--labels=realm/role={role}" in words
        assert variables["RAY_AUTH_MODE"] == "token"


def test_each_box_has_the_environment_of_a_realms_own_head(cluster, tmp_path):
    own = environment(RealmHome(tmp_path))
    del own["RAY_AUTH_TOKEN_PATH"], own["REALM_HOME"]
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert ray_start(cluster[key])[0] == own


def test_the_head_starts_the_autoscaler_and_keeps_its_dashboard_to_itself(cluster):
    _, words = ray_start(cluster["head_start_ray_commands"])
    assert {"--head", "--port=6379", "--dashboard-host=127.0.0.1"} <= set(words)
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in words
    _, words = ray_start(cluster["worker_start_ray_commands"])
    assert "--address=$RAY_HEAD_IP:6379" in words


def test_an_on_premise_provider_with_placeholder_hosts(cluster):
    provider = cluster["provider"]
    assert provider["type"] == "local"
    assert "available_node_types" not in cluster
    hosts = [provider["head_ip"], *provider["worker_ips"]]
    assert len(set(hosts)) == 2
    assert all(host.endswith(".home.arpa") for host in hosts)


def test_code_and_token_are_mounted_from_where_they_are(cluster):
    mounts = cluster["file_mounts"]
    assert mounts["~/.ray/auth_token"] == "~/.ray/auth_token"
    local = [path for path in mounts.values() if not path.startswith("~")]
    assert {"realm", "actors", "serve", "skills", "pyproject.toml", "constraints.txt"} <= set(local)
    assert [path for path in local if not (ROOT / path).exists()] == []


def test_the_first_autoscaler_is_asked_for():
    assert "RAY_UP_enable_autoscaler_v2=0 ray up -y cluster.yaml" in TEXT
