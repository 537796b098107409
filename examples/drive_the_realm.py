"""Drive a running realm through its actors: post a quest, watch it, pause, resume, name the champion.

By itself: `python examples/drive_the_realm.py`. As a Ray job, with absolute paths because a job has a folder of its
own: `ray job submit -- /path/to/.venv/bin/python /path/to/examples/drive_the_realm.py`.
"""

from __future__ import annotations

import json
import random
import time

import ray

from actors import connect

ENDED = ("completed", "failed", "cancelled")


def main() -> None:
    realm = connect()
    rng = random.Random(time.time_ns())
    lines = [{"question": f"Which number follows {n}?", "answer": str(n + 1)} for n in rng.sample(range(10_000), 64)]
    data = "\n".join(map(json.dumps, lines)).encode()
    posted = ray.get(realm.quest_board.post_bytes.remote(data, "driver.jsonl", "high"))
    quest_id = posted["quest"]["id"]
    print(f"posted {posted['quest']['name']} as {quest_id}: {posted['quest']['examples']} examples")

    while (quest := ray.get(realm.quest_board.show.remote(quest_id)))["status"] not in ENDED:
        battle = ray.get(realm.herald.snapshot.remote())["battle"]
        print(f"quest {quest['status']}; battle {battle['state']}")
        time.sleep(1)
    print(f"quest {quest['status']} after {quest['steps_fought']} steps, train loss {quest['train_loss']}")
    if quest["status"] != "completed":
        raise SystemExit(f"the quest was not completed: {quest['reason']}")

    # Where nothing else waits, the battle may have ended with the quest: a resume begins another.
    ray.get(realm.arena.resume.remote())
    ray.get(realm.arena.pause.remote())
    wait_for(realm, "paused")
    ray.get(realm.arena.resume.remote())
    wait_for(realm, "running")

    champion = ray.get(realm.vault_keeper.best.remote("exam_accuracy"))
    print(
        f"champion: {champion['id']}, exam accuracy {champion['exam_accuracy']:.3f}"
        if champion
        else "champion: none yet"
    )


def wait_for(realm: object, state: str) -> None:
    """Poll until the battle is in `state`."""
    while (status := ray.get(realm.arena.status.remote()))["state"] != state:  # type: ignore[attr-defined]
        time.sleep(0.5)
    print(f"battle {status['state']} at step {status['step']}")


if __name__ == "__main__":
    main()
