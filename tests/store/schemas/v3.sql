-- Schema version 3, with rows of every table: v2.sql brought up by the stores of commit d678d21, other rows by hand.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE assets (
	id VARCHAR(160) NOT NULL, 
	kind VARCHAR(24) NOT NULL, 
	name TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	protection VARCHAR(24) NOT NULL, 
	data JSON NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "assets" VALUES('x','dataset','x','x',1,'2026-01-01 12:00:00.000000','guarded','{}');
CREATE TABLE attempts (
	id VARCHAR(160) NOT NULL, 
	battle_id VARCHAR(160) NOT NULL, 
	campaign_id VARCHAR(160) NOT NULL, 
	number INTEGER NOT NULL, 
	start_step BIGINT NOT NULL, 
	step BIGINT NOT NULL, 
	started_at DATETIME NOT NULL, 
	checkpoint_id VARCHAR(160), 
	ended_at DATETIME, 
	outcome VARCHAR(40), 
	reason TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (campaign_id, number)
);
INSERT INTO "attempts" VALUES('mote-1-attempt-1','mote-1-battle-1','mote-1',1,0,210,'2026-01-01 12:00:31.000000',NULL,'2026-01-01 12:09:30.000000','paused','asked');
CREATE TABLE battle_points (
	campaign_id VARCHAR(160) NOT NULL, 
	step BIGINT NOT NULL, 
	battle_id VARCHAR(160) NOT NULL, 
	attempt_number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	train_loss FLOAT NOT NULL, 
	learning_rate FLOAT, 
	tokens_per_second FLOAT, 
	steps_per_second FLOAT, 
	quest_id VARCHAR(160), 
	PRIMARY KEY (campaign_id, step)
);
INSERT INTO "battle_points" VALUES('mote-1',100,'mote-1-battle-1',1,'2026-01-01 12:00:50.000000',1.25,0.001,1000.0,10.5,'150b5027a8359283');
INSERT INTO "battle_points" VALUES('mote-1',200,'mote-1-battle-1',1,'2026-01-01 12:01:00.000000',1.0,NULL,NULL,NULL,NULL);
CREATE TABLE battles (
	id VARCHAR(160) NOT NULL, 
	campaign_id VARCHAR(160) NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR(24) NOT NULL, 
	desired_state VARCHAR(24) NOT NULL, 
	reason TEXT NOT NULL, 
	start_step BIGINT NOT NULL, 
	step BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	ended_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (campaign_id, number)
);
INSERT INTO "battles" VALUES('mote-1-battle-1','mote-1',1,'running','run','',0,210,'2026-01-01 12:00:30.000000','2026-01-01 12:00:32.000000',NULL);
CREATE TABLE campaigns (
	id VARCHAR(160) NOT NULL, 
	hero_id VARCHAR(160) NOT NULL, 
	number INTEGER NOT NULL, 
	life VARCHAR(24) NOT NULL, 
	momentum VARCHAR(24) NOT NULL, 
	momentum_reason TEXT NOT NULL, 
	exam_version VARCHAR(80) NOT NULL, 
	created_at DATETIME NOT NULL, 
	champion_id VARCHAR(160), 
	champion_accuracy FLOAT, 
	champion_exam_version VARCHAR(80), 
	PRIMARY KEY (id), 
	UNIQUE (hero_id, number)
);
INSERT INTO "campaigns" VALUES('mote-1','mote',1,'active','blocked','a person''s "quote"; and ''another''','bin-1','2026-01-01 12:00:00.000000','mote-1/checkpoint-100-20260101-1202',0.5,'bin-1');
CREATE TABLE checkpoint_skills (
	checkpoint_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	campaign_id VARCHAR(160) NOT NULL, 
	step BIGINT NOT NULL, 
	exam_version VARCHAR(80) NOT NULL, 
	accuracy FLOAT NOT NULL, 
	PRIMARY KEY (checkpoint_id, skill_id), 
	FOREIGN KEY(checkpoint_id) REFERENCES checkpoints (id) ON DELETE CASCADE
);
INSERT INTO "checkpoint_skills" VALUES('mote-1/checkpoint-100-20260101-1202','bin','mote-1',100,'bin-1',0.5);
INSERT INTO "checkpoint_skills" VALUES('mote-1/checkpoint-200-20260101-1203','bin','mote-1',200,'bin-2',0.875);
INSERT INTO "checkpoint_skills" VALUES('mote-1/checkpoint-200-20260101-1203','sy','mote-1',200,'bin-2',0.625);
CREATE TABLE checkpoint_uses (
	checkpoint_id VARCHAR(160) NOT NULL, 
	holder VARCHAR(160) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (checkpoint_id, holder)
);
INSERT INTO "checkpoint_uses" VALUES('mote-1/checkpoint-0-20260101-1201','x','2026-01-01 12:00:00.000000');
CREATE TABLE checkpoints (
	id VARCHAR(160) NOT NULL, 
	campaign_id VARCHAR(160) NOT NULL, 
	hero_id VARCHAR(160) NOT NULL, 
	step BIGINT NOT NULL, 
	saved_at DATETIME NOT NULL, 
	canonical_name VARCHAR(80) NOT NULL, 
	path TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	has_optimizer BOOLEAN NOT NULL, 
	created_by VARCHAR(24) NOT NULL, 
	train_loss FLOAT, 
	val_loss FLOAT, 
	perplexity FLOAT, 
	learning_rate FLOAT, 
	epoch FLOAT, 
	quest_id VARCHAR(160), 
	skill_id VARCHAR(160), 
	skill_level INTEGER, 
	tokens_seen BIGINT NOT NULL, 
	examples_seen BIGINT NOT NULL, 
	parent_id VARCHAR(160), 
	versions JSON NOT NULL, 
	mastered_levels JSON NOT NULL, 
	exam_accuracy FLOAT, 
	exam_version VARCHAR(80), 
	exam_skills JSON NOT NULL, 
	trashed_at DATETIME, promoted_at DATETIME, crowned_at DATETIME, trashed_by VARCHAR(24), 
	PRIMARY KEY (id)
);
INSERT INTO "checkpoints" VALUES('mote-1/checkpoint-0-20260101-1201','mote-1','mote',0,'2026-01-01 12:01:10.000000','checkpoint-0-20260101-1201','/realm/checkpoints/mote-1/checkpoint-0-20260101-1201','0000000000000000000000000000000000000000000000000000000000000000',100,1,'start',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,'{"torch": "2.13.0"}','{}',NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO "checkpoints" VALUES('mote-1/checkpoint-100-20260101-1202','mote-1','mote',100,'2026-01-01 12:02:10.000000','checkpoint-100-20260101-1202','/realm/checkpoints/mote-1/checkpoint-100-20260101-1202','0000000000000000000000000000000000000000000000000000000000000064',200,1,'interval',1.25,1.3,3.7,0.001,0.5,'150b5027a8359283',NULL,NULL,10000000000,100,'mote-1/checkpoint-0-20260101-1201','{}','{"bin": 1}',0.5,'bin-1','{"bin": 0.5}',NULL,NULL,NULL,NULL);
INSERT INTO "checkpoints" VALUES('mote-1/checkpoint-200-20260101-1203','mote-1','mote',200,'2026-01-01 12:03:20.000000','checkpoint-200-20260101-1203','/realm/checkpoints/mote-1/checkpoint-200-20260101-1203','00000000000000000000000000000000000000000000000000000000000000c8',300,0,'mastery',NULL,NULL,NULL,NULL,NULL,NULL,'bin',2,0,0,NULL,'{}','{}',0.75,'bin-2','{"bin": 0.875, "sy": 0.625}',NULL,NULL,NULL,NULL);
INSERT INTO "checkpoints" VALUES('mote-1/checkpoint-210-20260101-1204','mote-1','mote',210,'2026-01-01 12:04:30.000000','checkpoint-210-20260101-1204','/realm/trash/mote-1/checkpoint-210-20260101-1204','00000000000000000000000000000000000000000000000000000000000000d2',310,1,'pause',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,'{}','{}',0.25,'bin-1','{"bin": 0.25}','2026-01-01 12:06:40.000000',NULL,NULL,'retention');
INSERT INTO "checkpoints" VALUES('mote-1/checkpoint-220-20260101-1205','mote-1','mote',220,'2026-01-01 12:05:40.000000','checkpoint-220-20260101-1205','/realm/checkpoints/mote-1/checkpoint-220-20260101-1205','00000000000000000000000000000000000000000000000000000000000000dc',320,1,'stop',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,'{}','{}',NULL,NULL,'{}','2026-01-01 12:07:40.000000',NULL,NULL,'retention');
INSERT INTO "checkpoints" VALUES('mote-1/checkpoint-220-20260101-1207','mote-1','mote',220,'2026-01-01 12:07:40.000000','checkpoint-220-20260101-1207','/realm/checkpoints/mote-1/checkpoint-220-20260101-1207','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',320,1,'interval',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,'{}','{}',NULL,NULL,'{}',NULL,NULL,NULL,NULL);
CREATE TABLE evaluation_samples (
	campaign_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	level INTEGER NOT NULL, 
	step BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	samples JSON NOT NULL, 
	PRIMARY KEY (campaign_id, skill_id, level)
);
INSERT INTO "evaluation_samples" VALUES('mote-1','bin',1,102,'2026-01-01 12:08:35.000000','[{"prompt": "\u2460?", "answer": "2", "expected": "1", "correct": false, "reason": "wrong"}]');
INSERT INTO "evaluation_samples" VALUES('mote-1','bin',2,103,'2026-01-01 12:08:35.000000','[{"prompt": "\u2460?", "answer": "2", "expected": "1", "correct": false, "reason": "wrong"}]');
CREATE TABLE evaluations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	campaign_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	level INTEGER NOT NULL, 
	step BIGINT NOT NULL, 
	n INTEGER NOT NULL, 
	correct INTEGER NOT NULL, 
	low FLOAT NOT NULL, 
	high FLOAT NOT NULL, 
	seed BIGINT NOT NULL, 
	fold BIGINT NOT NULL, 
	job_id VARCHAR(160) NOT NULL, 
	created_at DATETIME NOT NULL, 
	checkpoint_id VARCHAR(160), 
	battle_id VARCHAR(160), 
	duration_s FLOAT NOT NULL, 
	review_level INTEGER, 
	review_n INTEGER NOT NULL, 
	review_correct INTEGER NOT NULL, 
	xp_gained INTEGER NOT NULL, 
	mastered_level INTEGER, 
	happenings JSON NOT NULL, 
	UNIQUE (job_id)
);
INSERT INTO "evaluations" VALUES(1,'mote-1','bin',1,100,100,90,8.25632695632334656643e-01,9.44771458386863827172e-01,7,0,'1','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL,2.5,NULL,0,0,9,NULL,'[["counted", 1, "mean of 1 is 0.900, threshold 0.8"]]');
INSERT INTO "evaluations" VALUES(2,'mote-1','bin',1,101,100,85,7.67162666678421589772e-01,9.06940968088377097444e-01,7,1,'2','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL,2.5,NULL,0,0,8,NULL,'[["counted", 1, "mean of 2 is 0.875, threshold 0.8"]]');
INSERT INTO "evaluations" VALUES(3,'mote-1','bin',1,102,100,95,8.88248034727911695007e-01,9.78456638543686474385e-01,7,2,'3','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL,2.5,NULL,0,0,9,1,'[["counted", 1, "mean of 3 is 0.900, threshold 0.8"], ["level_mastered", 1, "mean of 3 is 0.900, threshold 0.8"]]');
INSERT INTO "evaluations" VALUES(4,'mote-1','bin',2,103,100,40,3.0939974611360288037e-01,4.97999215381597581941e-01,7,0,'4','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL,2.5,NULL,0,0,4,NULL,'[["counted", 2, "mean of 1 is 0.400, threshold 0.8"]]');
CREATE TABLE events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	data JSON NOT NULL
);
INSERT INTO "events" VALUES(1,'2026-01-01 12:00:00.000000','campaign.created','Campaign mote-1 begins','','{"campaign_id": "mote-1", "hero_id": "mote"}');
INSERT INTO "events" VALUES(2,'2026-01-01 12:00:03.000000','campaign.momentum','Campaign mote-1: blocked','a person''s "quote"; and ''another''','{"campaign_id": "mote-1", "momentum": "blocked"}');
INSERT INTO "events" VALUES(3,'2026-01-01 12:00:10.000000','quest.queued','Quest posted: quest 0.jsonl','','{"quest_id": "150b5027a8359283", "name": "quest 0.jsonl", "status": "queued", "priority": "normal"}');
INSERT INTO "events" VALUES(4,'2026-01-01 12:00:11.000000','quest.queued','Quest posted: quest 1.jsonl','','{"quest_id": "4de98bc7b707cd46", "name": "quest 1.jsonl", "status": "queued", "priority": "normal"}');
INSERT INTO "events" VALUES(5,'2026-01-01 12:00:12.000000','quest.queued','Quest posted: quest 2.jsonl','','{"quest_id": "21b542782b3cb188", "name": "quest 2.jsonl", "status": "queued", "priority": "normal"}');
INSERT INTO "events" VALUES(6,'2026-01-01 12:00:13.000000','quest.queued','Quest posted: quest 3.jsonl','','{"quest_id": "ff64325f69d66a16", "name": "quest 3.jsonl", "status": "queued", "priority": "normal"}');
INSERT INTO "events" VALUES(7,'2026-01-01 12:00:14.000000','quest.queued','Quest posted: quest 4.jsonl','','{"quest_id": "b3743e9cc35826a7", "name": "quest 4.jsonl", "status": "queued", "priority": "normal"}');
INSERT INTO "events" VALUES(8,'2026-01-01 12:00:15.000000','quest.queued','Quest posted: quest 5.jsonl','','{"quest_id": "36f90afb85abb994", "name": "quest 5.jsonl", "status": "queued", "priority": "normal"}');
INSERT INTO "events" VALUES(9,'2026-01-01 12:00:20.000000','quest.rejected','Quest rejected: bad.jsonl','line 3: not JSON','{"quest_id": "fde6872e34cbbe16", "name": "bad.jsonl", "status": "rejected", "priority": "normal"}');
INSERT INTO "events" VALUES(10,'2026-01-01 12:00:30.000000','battle.starting','Battle 1 begins at step 0','','{"battle_id": "mote-1-battle-1", "step": 0}');
INSERT INTO "events" VALUES(11,'2026-01-01 12:00:31.000000','attempt.started','Attempt 1 starts at step 0','','{"battle_id": "mote-1-battle-1", "attempt_id": "mote-1-attempt-1", "step": 0, "checkpoint_id": null}');
INSERT INTO "events" VALUES(12,'2026-01-01 12:00:32.000000','battle.running','Battle 1 is running','','{"battle_id": "mote-1-battle-1", "from": "starting", "to": "running", "step": 0}');
INSERT INTO "events" VALUES(13,'2026-01-01 12:00:33.000000','quest.active','Quest active: quest 0.jsonl','','{"quest_id": "150b5027a8359283", "name": "quest 0.jsonl", "status": "active", "priority": "normal"}');
INSERT INTO "events" VALUES(14,'2026-01-01 12:00:35.000000','quest.fought','Quest fought: quest 0.jsonl','100 steps, exhausted','{"quest_id": "150b5027a8359283", "name": "quest 0.jsonl", "status": "fought", "priority": "normal"}');
INSERT INTO "events" VALUES(15,'2026-01-01 12:00:36.000000','quest.active','Quest active: quest 1.jsonl','','{"quest_id": "4de98bc7b707cd46", "name": "quest 1.jsonl", "status": "active", "priority": "normal"}');
INSERT INTO "events" VALUES(16,'2026-01-01 12:00:38.000000','quest.fought','Quest fought: quest 1.jsonl','100 steps, exhausted','{"quest_id": "4de98bc7b707cd46", "name": "quest 1.jsonl", "status": "fought", "priority": "normal"}');
INSERT INTO "events" VALUES(17,'2026-01-01 12:00:39.000000','quest.completed','Quest completed: quest 0.jsonl','','{"quest_id": "150b5027a8359283", "name": "quest 0.jsonl", "status": "completed", "priority": "normal"}');
INSERT INTO "events" VALUES(18,'2026-01-01 12:00:40.000000','quest.active','Quest active: quest 2.jsonl','','{"quest_id": "21b542782b3cb188", "name": "quest 2.jsonl", "status": "active", "priority": "normal"}');
INSERT INTO "events" VALUES(19,'2026-01-01 12:00:42.000000','quest.cancelled','Quest cancelled: quest 3.jsonl','','{"quest_id": "ff64325f69d66a16", "name": "quest 3.jsonl", "status": "cancelled", "priority": "normal"}');
INSERT INTO "events" VALUES(20,'2026-01-01 12:00:43.000000','quest.failed','Quest failed: quest 4.jsonl','no text in it','{"quest_id": "b3743e9cc35826a7", "name": "quest 4.jsonl", "status": "failed", "priority": "normal"}');
INSERT INTO "events" VALUES(21,'2026-01-01 12:00:44.000000','quest.priority','Quest quest 5.jsonl has priority high','','{"quest_id": "36f90afb85abb994", "name": "quest 5.jsonl", "status": "queued", "priority": "high"}');
INSERT INTO "events" VALUES(22,'2026-01-01 12:01:10.000000','checkpoint.saved','Checkpoint saved: step 0','start','{"checkpoint_id": "mote-1/checkpoint-0-20260101-1201", "campaign_id": "mote-1", "step": 0, "created_by": "start", "size_bytes": 100}');
INSERT INTO "events" VALUES(23,'2026-01-01 12:02:10.000000','checkpoint.saved','Checkpoint saved: step 100','interval','{"checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "campaign_id": "mote-1", "step": 100, "created_by": "interval", "size_bytes": 200}');
INSERT INTO "events" VALUES(24,'2026-01-01 12:03:20.000000','checkpoint.saved','Checkpoint saved: step 200','mastery','{"checkpoint_id": "mote-1/checkpoint-200-20260101-1203", "campaign_id": "mote-1", "step": 200, "created_by": "mastery", "size_bytes": 300}');
INSERT INTO "events" VALUES(25,'2026-01-01 12:04:30.000000','checkpoint.saved','Checkpoint saved: step 210','pause','{"checkpoint_id": "mote-1/checkpoint-210-20260101-1204", "campaign_id": "mote-1", "step": 210, "created_by": "pause", "size_bytes": 310}');
INSERT INTO "events" VALUES(26,'2026-01-01 12:05:40.000000','checkpoint.saved','Checkpoint saved: step 220','stop','{"checkpoint_id": "mote-1/checkpoint-220-20260101-1205", "campaign_id": "mote-1", "step": 220, "created_by": "stop", "size_bytes": 320}');
INSERT INTO "events" VALUES(27,'2026-01-01 12:06:40.000000','checkpoint.trashed','Checkpoint trashed: step 210','pause','{"checkpoint_id": "mote-1/checkpoint-210-20260101-1204", "campaign_id": "mote-1", "step": 210, "created_by": "pause", "size_bytes": 310}');
INSERT INTO "events" VALUES(28,'2026-01-01 12:07:40.000000','checkpoint.trashed','Checkpoint trashed: step 220','stop','{"checkpoint_id": "mote-1/checkpoint-220-20260101-1205", "campaign_id": "mote-1", "step": 220, "created_by": "stop", "size_bytes": 320}');
INSERT INTO "events" VALUES(29,'2026-01-01 12:07:40.000000','checkpoint.saved','Checkpoint saved: step 220','interval','{"checkpoint_id": "mote-1/checkpoint-220-20260101-1207", "campaign_id": "mote-1", "step": 220, "created_by": "interval", "size_bytes": 320}');
INSERT INTO "events" VALUES(30,'2026-01-01 12:06:50.000000','champion.moved','Champion: step 100, exam accuracy 0.500','','{"campaign_id": "mote-1", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "exam_accuracy": 0.5, "step": 100}');
INSERT INTO "events" VALUES(31,'2026-01-01 12:08:20.000000','worker.registered','Worker worker-1 on host-1','','{"worker_id": "worker-1", "host": "host-1", "roles": ["eval"]}');
INSERT INTO "events" VALUES(32,'2026-01-01 12:08:35.000000','evaluation.recorded','bin level 1: 90 of 100','mean of 1 is 0.900, threshold 0.8','{"campaign_id": "mote-1", "skill_id": "bin", "level": 1, "step": 100, "accuracy": 0.9, "n": 100}');
INSERT INTO "events" VALUES(33,'2026-01-01 12:08:35.000000','evaluation.recorded','bin level 1: 85 of 100','mean of 2 is 0.875, threshold 0.8','{"campaign_id": "mote-1", "skill_id": "bin", "level": 1, "step": 101, "accuracy": 0.85, "n": 100}');
INSERT INTO "events" VALUES(34,'2026-01-01 12:08:35.000000','evaluation.recorded','bin level 1: 95 of 100','mean of 3 is 0.900, threshold 0.8','{"campaign_id": "mote-1", "skill_id": "bin", "level": 1, "step": 102, "accuracy": 0.95, "n": 100}');
INSERT INTO "events" VALUES(35,'2026-01-01 12:08:35.000000','level.mastered','bin level 1 mastered at step 102','mean of 3 is 0.900, threshold 0.8','{"campaign_id": "mote-1", "skill_id": "bin", "level": 1, "step": 102, "accuracy": 0.95, "n": 100}');
INSERT INTO "events" VALUES(36,'2026-01-01 12:08:35.000000','evaluation.recorded','bin level 2: 40 of 100','mean of 1 is 0.400, threshold 0.8','{"campaign_id": "mote-1", "skill_id": "bin", "level": 2, "step": 103, "accuracy": 0.4, "n": 100}');
INSERT INTO "events" VALUES(37,'2026-01-01 12:08:36.000000','exam.recorded','Exam at step 100: 0.500','60 problems','{"exam_id": 1, "step": 100, "exam_accuracy": 0.5, "n": 60, "checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "campaign_id": "mote-1"}');
INSERT INTO "events" VALUES(38,'2026-01-01 12:00:04.000000','plan.changed','Training plan: equal','learnable: 20% to safely mastered levels and 10% to the next level, where there are any; the rest to what can be learned now','{"campaign_id": "mote-1", "strategy": "equal", "focus": null, "mix": "learnable", "replay_share": 0.2, "next_share": 0.1}');
INSERT INTO "events" VALUES(39,'2026-01-01 12:00:05.000000','skill.enabled','Skill sy enabled','','{"campaign_id": "mote-1", "skill_id": "sy", "enabled": true, "priority": 2}');
INSERT INTO "events" VALUES(40,'2026-01-01 12:00:05.000000','skill.priority','Skill sy: priority 2','before: 5','{"campaign_id": "mote-1", "skill_id": "sy", "enabled": true, "priority": 2}');
INSERT INTO "events" VALUES(41,'2026-01-01 12:08:35.000000','primitives.recorded','1 primitives at step 100: 3 of 5','','{"campaign_id": "mote-1", "step": 100, "n": 5, "correct": 3}');
INSERT INTO "events" VALUES(42,'2026-01-01 12:08:35.000000','sparring.finished','Sparring on bin level 2: 12 of 20 right','second try 3 of 8, 24 examples queued','{"campaign_id": "mote-1", "skill_id": "bin", "level": 2, "step": 100, "n": 20, "first_correct": 12, "second_correct": 3, "quest_id": "36f90afb85abb994"}');
INSERT INTO "events" VALUES(43,'2026-01-01 12:08:52.000000','job.failed','Job 9 (eval) failed','attempt 1 failed (bad_payload): no level 99','{"job_id": "9", "type": "eval", "failure": "bad_payload", "attempts": 1}');
INSERT INTO "events" VALUES(44,'2026-01-01 12:09:30.000000','attempt.ended','Attempt 1 ended: paused','asked','{"battle_id": "mote-1-battle-1", "attempt_id": "mote-1-attempt-1", "outcome": "paused", "step": 210}');
CREATE TABLE exams (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	campaign_id VARCHAR(160) NOT NULL, 
	step BIGINT NOT NULL, 
	exam_version VARCHAR(80) NOT NULL, 
	exam_accuracy FLOAT NOT NULL, 
	skill_accuracies JSON NOT NULL, 
	n INTEGER NOT NULL, 
	job_id VARCHAR(160) NOT NULL, 
	created_at DATETIME NOT NULL, 
	checkpoint_id VARCHAR(160), 
	battle_id VARCHAR(160), 
	val_loss FLOAT, 
	duration_s FLOAT NOT NULL, 
	level_results JSON NOT NULL, 
	UNIQUE (job_id)
);
INSERT INTO "exams" VALUES(1,'mote-1',100,'bin-1',0.5,'{"bin": 0.5}',60,'5','2026-01-01 12:08:36.000000','mote-1/checkpoint-100-20260101-1202',NULL,1.3,9.5,'{"bin": {"1": [2, 2], "2": [2, 1]}}');
CREATE TABLE folds (
	campaign_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	level INTEGER NOT NULL, 
	next_fold BIGINT NOT NULL, 
	PRIMARY KEY (campaign_id, skill_id, level)
);
INSERT INTO "folds" VALUES('mote-1','bin',1,3);
INSERT INTO "folds" VALUES('mote-1','bin',2,1);
CREATE TABLE idempotency_keys (
	"key" VARCHAR(160) NOT NULL, 
	request_sha256 VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	status INTEGER, 
	body TEXT, 
	PRIMARY KEY ("key")
);
INSERT INTO "idempotency_keys" VALUES('x','x','2026-01-01 12:00:00.000000',1,'x');
CREATE TABLE job_events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	status VARCHAR(24) NOT NULL, 
	worker_id VARCHAR(160), 
	detail TEXT NOT NULL, 
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
INSERT INTO "job_events" VALUES(1,1,'2026-01-01 12:08:22.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(2,1,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(3,1,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(4,1,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(5,2,'2026-01-01 12:08:22.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(6,2,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(7,2,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(8,2,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(9,3,'2026-01-01 12:08:22.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(10,3,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(11,3,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(12,3,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(13,4,'2026-01-01 12:08:22.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(14,4,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(15,4,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(16,4,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(17,5,'2026-01-01 12:08:23.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(18,5,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(19,5,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(20,5,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(21,6,'2026-01-01 12:08:24.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(22,6,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(23,6,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(24,6,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(25,7,'2026-01-01 12:08:24.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(26,7,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(27,7,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(28,7,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(29,8,'2026-01-01 12:08:24.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(30,8,'2026-01-01 12:08:30.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(31,8,'2026-01-01 12:08:31.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(32,8,'2026-01-01 12:08:40.000000','completed','worker-1','');
INSERT INTO "job_events" VALUES(33,9,'2026-01-01 12:08:50.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(34,9,'2026-01-01 12:08:51.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(35,9,'2026-01-01 12:08:52.000000','failed','worker-1','attempt 1 failed (bad_payload): no level 99');
INSERT INTO "job_events" VALUES(36,10,'2026-01-01 12:08:53.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(37,10,'2026-01-01 12:08:54.000000','cancelled',NULL,'superseded by a newer');
INSERT INTO "job_events" VALUES(38,11,'2026-01-01 12:09:00.000000','pending',NULL,'high');
INSERT INTO "job_events" VALUES(39,11,'2026-01-01 12:09:01.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(40,11,'2026-01-01 12:09:02.000000','running','worker-1','');
INSERT INTO "job_events" VALUES(41,12,'2026-01-01 12:09:03.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(42,12,'2026-01-01 12:09:04.000000','claimed','worker-1','attempt 1');
INSERT INTO "job_events" VALUES(43,12,'2026-01-01 12:09:05.000000','pending',NULL,'attempt 1 failed (transport), again in 0.8 s: connection lost');
INSERT INTO "job_events" VALUES(44,13,'2026-01-01 12:09:06.000000','pending',NULL,'normal');
INSERT INTO "job_events" VALUES(45,12,'2026-01-01 12:09:07.000000','claimed','worker-1','attempt 2');
INSERT INTO "job_events" VALUES(46,14,'2026-01-01 12:09:10.000000','pending',NULL,'idle');
INSERT INTO "job_events" VALUES(47,15,'2026-01-01 12:09:11.000000','pending',NULL,'low');
INSERT INTO "job_events" VALUES(48,16,'2026-01-01 12:09:12.000000','pending',NULL,'normal');
CREATE TABLE "jobs" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	type VARCHAR(24) NOT NULL, 
	status VARCHAR(24) NOT NULL, 
	priority SMALLINT NOT NULL, 
	payload JSON NOT NULL, 
	role VARCHAR(40) NOT NULL, 
	timeout_s FLOAT NOT NULL, 
	created_at DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	max_attempts INTEGER NOT NULL, 
	tags JSON NOT NULL, 
	skill_id VARCHAR(160), 
	"key" VARCHAR(160), 
	worker_id VARCHAR(160), 
	lease_expires_at DATETIME, 
	not_before DATETIME, 
	claimed_at DATETIME, 
	started_at DATETIME, 
	recorded_at DATETIME, 
	finished_at DATETIME, 
	result JSON, 
	failure VARCHAR(24), 
	error TEXT, 
	cancel_reason TEXT, 
	labels JSON NOT NULL, 
	min_gpu_mb INTEGER NOT NULL, 
	UNIQUE ("key")
);
INSERT INTO "jobs" VALUES(1,'eval','completed',2,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "level": 1, "count": 100}','eval',600.0,'2026-01-01 12:08:22.000000',1,3,'["asked", "by hand"]','bin','key-0','worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 100, "correct": 90}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(2,'eval','completed',2,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "level": 1, "count": 100}','eval',600.0,'2026-01-01 12:08:22.000000',1,3,'["asked", "by hand"]','bin','key-1','worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 100, "correct": 85}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(3,'eval','completed',2,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "level": 1, "count": 100}','eval',600.0,'2026-01-01 12:08:22.000000',1,3,'["asked", "by hand"]','bin','key-2','worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 100, "correct": 95}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(4,'eval','completed',2,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202", "level": 2, "count": 100}','eval',600.0,'2026-01-01 12:08:22.000000',1,3,'["asked", "by hand"]','bin','key-3','worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 100, "correct": 40}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(5,'exam','completed',2,'{"checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',600.0,'2026-01-01 12:08:23.000000',1,3,'[]',NULL,NULL,'worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:36.000000','2026-01-01 12:08:40.000000','{"n": 60}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(6,'passive_eval','completed',2,'{"campaign_id": "mote-1", "mode": "lite", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',600.0,'2026-01-01 12:08:24.000000',1,3,'[]',NULL,NULL,'worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 5}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(7,'primitive','completed',2,'{"campaign_id": "mote-1", "count": 5, "checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',600.0,'2026-01-01 12:08:24.000000',1,3,'[]',NULL,NULL,'worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 5}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(8,'sparring','completed',2,'{"campaign_id": "mote-1", "skill_id": "bin", "level": 2, "count": 20, "checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',600.0,'2026-01-01 12:08:24.000000',1,3,'[]','bin',NULL,'worker-1',NULL,NULL,'2026-01-01 12:08:30.000000','2026-01-01 12:08:31.000000','2026-01-01 12:08:35.000000','2026-01-01 12:08:40.000000','{"n": 20}',NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(9,'eval','failed',2,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',600.0,'2026-01-01 12:08:50.000000',1,3,'[]','bin',NULL,'worker-1',NULL,NULL,'2026-01-01 12:08:51.000000',NULL,NULL,'2026-01-01 12:08:52.000000',NULL,'bad_payload','no level 99',NULL,'{}',0);
INSERT INTO "jobs" VALUES(10,'exam','cancelled',2,'{"checkpoint_id": "mote-1/checkpoint-200-20260101-1203"}','eval',600.0,'2026-01-01 12:08:53.000000',0,3,'[]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-01-01 12:08:54.000000',NULL,NULL,NULL,'superseded by a newer','{}',0);
INSERT INTO "jobs" VALUES(11,'eval','running',1,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',600.0,'2026-01-01 12:09:00.000000',1,3,'[]','bin',NULL,'worker-1','2026-01-01 12:10:01.000000',NULL,'2026-01-01 12:09:01.000000','2026-01-01 12:09:02.000000',NULL,NULL,NULL,NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(12,'exam','claimed',2,'{"checkpoint_id": "mote-1/checkpoint-210-20260101-1204"}','eval',600.0,'2026-01-01 12:09:03.000000',2,3,'[]',NULL,NULL,'worker-1','2026-01-01 12:10:07.000000',NULL,'2026-01-01 12:09:07.000000',NULL,NULL,NULL,NULL,'transport','connection lost',NULL,'{}',0);
INSERT INTO "jobs" VALUES(13,'eval','pending',2,'{"skill_id": "bin", "battle_id": "mote-1-battle-1", "step": 205}','eval',600.0,'2026-01-01 12:09:06.000000',0,3,'[]','bin',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(14,'eval','pending',4,'{"skill_id": "bin", "checkpoint_id": "mote-1/checkpoint-100-20260101-1202"}','eval',30.5,'2026-01-01 12:09:10.000000',0,3,'[]','bin',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(15,'passive_eval','pending',3,'{"campaign_id": "mote-1", "mode": "full", "weights": "newest"}','eval',600.0,'2026-01-01 12:09:11.000000',0,3,'[]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0);
INSERT INTO "jobs" VALUES(16,'sparring','pending',2,'{"campaign_id": "mote-1", "skill_id": "bin", "level": 2, "count": 20, "weights": "newest"}','eval',600.0,'2026-01-01 12:09:12.000000',0,3,'[]','bin',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0);
CREATE TABLE locations (
	asset_id VARCHAR(160) NOT NULL, 
	stronghold VARCHAR(160) NOT NULL, 
	path TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	stored_at DATETIME NOT NULL, 
	verified_at DATETIME NOT NULL, 
	files JSON NOT NULL, 
	PRIMARY KEY (asset_id, stronghold)
);
INSERT INTO "locations" VALUES('x','x','x',1,'2026-01-01 12:00:00.000000','2026-01-01 12:00:00.000000','{}');
CREATE TABLE passive_results (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	campaign_id VARCHAR(160) NOT NULL, 
	passive VARCHAR(160) NOT NULL, 
	version INTEGER NOT NULL, 
	mode VARCHAR(24) NOT NULL, 
	step BIGINT NOT NULL, 
	n INTEGER NOT NULL, 
	correct INTEGER NOT NULL, 
	job_id VARCHAR(160) NOT NULL, 
	at DATETIME NOT NULL, 
	checkpoint_id VARCHAR(160), 
	battle_id VARCHAR(160), 
	UNIQUE (job_id, passive)
);
INSERT INTO "passive_results" VALUES(1,'mote-1','reversal',1,'lite',100,5,4,'6','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL);
CREATE TABLE passive_states (
	campaign_id VARCHAR(160) NOT NULL, 
	passive VARCHAR(160) NOT NULL, 
	version INTEGER NOT NULL, 
	runs INTEGER NOT NULL, 
	peak_n INTEGER, 
	peak_correct INTEGER, 
	peak_step BIGINT, 
	regressed BOOLEAN NOT NULL, 
	PRIMARY KEY (campaign_id, passive, version)
);
INSERT INTO "passive_states" VALUES('mote-1','reversal',1,1,NULL,NULL,NULL,0);
CREATE TABLE plans (
	campaign_id VARCHAR(160) NOT NULL, 
	strategy VARCHAR(24) NOT NULL, 
	focus VARCHAR(160), 
	mix VARCHAR(24) NOT NULL, 
	replay_share FLOAT NOT NULL, 
	next_share FLOAT NOT NULL, 
	PRIMARY KEY (campaign_id)
);
INSERT INTO "plans" VALUES('mote-1','equal',NULL,'learnable',0.2,0.1);
CREATE TABLE primitive_history (
	campaign_id VARCHAR(160) NOT NULL, 
	primitive VARCHAR(160) NOT NULL, 
	step BIGINT NOT NULL, 
	n BIGINT NOT NULL, 
	correct BIGINT NOT NULL, 
	PRIMARY KEY (campaign_id, primitive, step)
);
INSERT INTO "primitive_history" VALUES('mote-1','carry',100,405,313);
CREATE TABLE primitive_runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	campaign_id VARCHAR(160) NOT NULL, 
	step BIGINT NOT NULL, 
	n INTEGER NOT NULL, 
	correct INTEGER NOT NULL, 
	job_id VARCHAR(160) NOT NULL, 
	at DATETIME NOT NULL, 
	checkpoint_id VARCHAR(160), 
	battle_id VARCHAR(160), 
	UNIQUE (job_id)
);
INSERT INTO "primitive_runs" VALUES(1,'mote-1',100,5,3,'7','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL);
CREATE TABLE primitive_stats (
	campaign_id VARCHAR(160) NOT NULL, 
	primitive VARCHAR(160) NOT NULL, 
	attempts BIGINT NOT NULL, 
	correct BIGINT NOT NULL, 
	window VARCHAR(100) NOT NULL, 
	PRIMARY KEY (campaign_id, primitive)
);
INSERT INTO "primitive_stats" VALUES('mote-1','carry',405,313,'1111111111111111111111111111111111100000000000000000000000000000000000000000000000000000000000010101');
CREATE TABLE quests (
	id VARCHAR(160) NOT NULL, 
	campaign_id VARCHAR(160) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	status VARCHAR(24) NOT NULL, 
	priority SMALLINT NOT NULL, 
	position BIGINT NOT NULL, 
	origin VARCHAR(40) NOT NULL, 
	posted_at DATETIME NOT NULL, 
	shape VARCHAR(40) NOT NULL, 
	examples BIGINT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	skipped_too_long BIGINT NOT NULL, 
	skill_id VARCHAR(160), 
	level INTEGER, 
	battle_id VARCHAR(160), 
	attempt_id VARCHAR(160), 
	lease_expires_at DATETIME, 
	first_step BIGINT, 
	last_step BIGINT, 
	steps_total BIGINT, 
	steps_fought BIGINT NOT NULL, 
	ended_by VARCHAR(40), 
	train_loss FLOAT, 
	heldout_loss FLOAT, 
	gap_s FLOAT, 
	reason TEXT, 
	reason_line BIGINT, 
	started_at DATETIME, 
	fought_at DATETIME, 
	completed_at DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "quests" VALUES('150b5027a8359283','mote-1','0000000000000000000000000000000000000000000000000000000000000000','quest 0.jsonl','completed',1,1,'user','2026-01-01 12:00:10.000000','text',10,1000,0,NULL,NULL,'mote-1-battle-1','mote-1-attempt-1',NULL,0,100,100,100,'exhausted',1.25,1.5,0.125,NULL,NULL,'2026-01-01 12:00:34.000000','2026-01-01 12:00:35.000000','2026-01-01 12:00:39.000000');
INSERT INTO "quests" VALUES('4de98bc7b707cd46','mote-1','0000000000000000000000000000000000000000000000000000000000000001','quest 1.jsonl','fought',1,2,'user','2026-01-01 12:00:11.000000','text',11,1001,0,NULL,NULL,'mote-1-battle-1','mote-1-attempt-1',NULL,100,200,100,100,'exhausted',1.0,NULL,NULL,NULL,NULL,'2026-01-01 12:00:37.000000','2026-01-01 12:00:38.000000',NULL);
INSERT INTO "quests" VALUES('21b542782b3cb188','mote-1','0000000000000000000000000000000000000000000000000000000000000002','quest 2.jsonl','active',1,3,'user','2026-01-01 12:00:12.000000','text',12,1002,0,NULL,NULL,'mote-1-battle-1','mote-1-attempt-1','2026-01-01 12:01:40.000000',200,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,'2026-01-01 12:00:41.000000',NULL,NULL);
INSERT INTO "quests" VALUES('ff64325f69d66a16','mote-1','0000000000000000000000000000000000000000000000000000000000000003','quest 3.jsonl','cancelled',1,4,'user','2026-01-01 12:00:13.000000','text',13,1003,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'cancelled',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "quests" VALUES('b3743e9cc35826a7','mote-1','0000000000000000000000000000000000000000000000000000000000000004','quest 4.jsonl','failed',1,5,'user','2026-01-01 12:00:14.000000','text',14,1004,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'no text in it',NULL,NULL,NULL,NULL);
INSERT INTO "quests" VALUES('36f90afb85abb994','mote-1','0000000000000000000000000000000000000000000000000000000000000005','quest 5.jsonl','queued',0,7,'user','2026-01-01 12:00:15.000000','text',15,1005,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "quests" VALUES('fde6872e34cbbe16','mote-1','','bad.jsonl','rejected',1,0,'user','2026-01-01 12:00:20.000000','',0,12,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'not JSON',3,NULL,NULL,NULL);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(3);
CREATE TABLE skill_settings (
	campaign_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	priority INTEGER NOT NULL, 
	PRIMARY KEY (campaign_id, skill_id)
);
INSERT INTO "skill_settings" VALUES('mote-1','sy',1,2);
CREATE TABLE skill_states (
	campaign_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	max_level INTEGER NOT NULL, 
	mastered_level INTEGER NOT NULL, 
	xp BIGINT NOT NULL, 
	window_ids JSON NOT NULL, 
	last_accuracy FLOAT, 
	last_step BIGINT, 
	PRIMARY KEY (campaign_id, skill_id)
);
INSERT INTO "skill_states" VALUES('mote-1','bin',30,1,30,'[4]',0.4,103);
CREATE TABLE sparring_sessions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	campaign_id VARCHAR(160) NOT NULL, 
	skill_id VARCHAR(160) NOT NULL, 
	level INTEGER NOT NULL, 
	step BIGINT NOT NULL, 
	n INTEGER NOT NULL, 
	first_correct INTEGER NOT NULL, 
	second_correct INTEGER NOT NULL, 
	mistakes INTEGER NOT NULL, 
	examples INTEGER NOT NULL, 
	quest_id VARCHAR(160), 
	reason TEXT NOT NULL, 
	job_id VARCHAR(160) NOT NULL, 
	at DATETIME NOT NULL, 
	checkpoint_id VARCHAR(160), 
	battle_id VARCHAR(160), 
	duration_s FLOAT NOT NULL, 
	UNIQUE (job_id)
);
INSERT INTO "sparring_sessions" VALUES(1,'mote-1','bin',2,100,20,12,3,8,24,'36f90afb85abb994','','8','2026-01-01 12:08:35.000000','mote-1/checkpoint-100-20260101-1202',NULL,4.0);
CREATE TABLE transfers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	asset_id VARCHAR(160) NOT NULL, 
	source VARCHAR(160) NOT NULL, 
	target VARCHAR(160) NOT NULL, 
	state VARCHAR(24) NOT NULL, 
	bytes_done BIGINT NOT NULL, 
	bytes_total BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	error TEXT
);
INSERT INTO "transfers" VALUES(1,'x','x','x','completed',1,1,'2026-01-01 12:00:00.000000','2026-01-01 12:00:00.000000','2026-01-01 12:00:00.000000','x');
CREATE TABLE "workers" (
	id VARCHAR(160) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	roles JSON NOT NULL, 
	registered_at DATETIME NOT NULL, 
	last_beat_at DATETIME NOT NULL, 
	labels JSON NOT NULL, 
	pid INTEGER, 
	external BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "workers" VALUES('worker-1','host-1','["eval"]','2026-01-01 12:08:20.000000','2026-01-01 12:08:20.000000','{"gpu": "no"}',NULL,0);
CREATE INDEX events_at ON events (at);
CREATE INDEX quests_queue ON quests (campaign_id, status, priority, position);
CREATE INDEX quests_position ON quests (campaign_id, position);
CREATE INDEX quests_posted ON quests (campaign_id, posted_at);
CREATE INDEX attempts_battle ON attempts (battle_id);
CREATE INDEX evaluations_review ON evaluations (campaign_id, skill_id, review_level, step, id);
CREATE INDEX evaluations_level ON evaluations (campaign_id, skill_id, level, step, id);
CREATE INDEX evaluations_skill ON evaluations (campaign_id, skill_id, id);
CREATE INDEX evaluations_mastered ON evaluations (campaign_id, mastered_level);
CREATE INDEX passive_results_passive ON passive_results (campaign_id, passive, version, mode, id);
CREATE INDEX sparring_quest ON sparring_sessions (quest_id);
CREATE INDEX sparring_campaign ON sparring_sessions (campaign_id, id);
CREATE INDEX exams_campaign ON exams (campaign_id, id);
CREATE UNIQUE INDEX checkpoints_live_step ON checkpoints (campaign_id, step) WHERE trashed_at IS NULL;
CREATE INDEX ix_job_events_job_id ON job_events (job_id);
CREATE INDEX checkpoint_skills_best ON checkpoint_skills (campaign_id, skill_id, exam_version, accuracy, step, checkpoint_id);
CREATE INDEX assets_kind ON assets (kind, created_at);
CREATE INDEX locations_stronghold ON locations (stronghold, stored_at);
CREATE INDEX transfers_state ON transfers (state, id);
CREATE INDEX transfers_asset ON transfers (asset_id, id);
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
CREATE INDEX jobs_status_type ON jobs (status, type, skill_id);
CREATE INDEX jobs_newest ON jobs (status, id);
CREATE INDEX jobs_finished ON jobs (finished_at);
CREATE INDEX jobs_queue ON jobs (status, priority, id);
CREATE INDEX checkpoints_exam ON checkpoints (campaign_id, trashed_at, exam_version, exam_accuracy, saved_at, id);
CREATE INDEX checkpoints_val_loss ON checkpoints (campaign_id, trashed_at, val_loss, saved_at, id);
CREATE INDEX checkpoints_train_loss ON checkpoints (campaign_id, trashed_at, train_loss, saved_at, id);
CREATE INDEX checkpoints_perplexity ON checkpoints (campaign_id, trashed_at, perplexity, saved_at, id);
CREATE INDEX checkpoints_size ON checkpoints (campaign_id, trashed_at, size_bytes, saved_at, id);
CREATE INDEX checkpoints_why ON checkpoints (campaign_id, trashed_at, created_by, saved_at, id);
CREATE INDEX checkpoints_skill ON checkpoints (campaign_id, trashed_at, skill_id, saved_at, id);
CREATE INDEX checkpoints_saved ON checkpoints (campaign_id, trashed_at, saved_at, id);
CREATE INDEX checkpoints_step ON checkpoints (campaign_id, trashed_at, step, id);
CREATE INDEX checkpoints_name ON checkpoints (campaign_id, canonical_name);
CREATE INDEX checkpoints_parent ON checkpoints (parent_id);
CREATE INDEX checkpoints_path ON checkpoints (campaign_id, trashed_at, path, id);
CREATE INDEX checkpoints_promoted ON checkpoints (campaign_id, promoted_at) WHERE promoted_at IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',44);
INSERT INTO "sqlite_sequence" VALUES('job_events',50);
INSERT INTO "sqlite_sequence" VALUES('evaluations',4);
INSERT INTO "sqlite_sequence" VALUES('exams',1);
INSERT INTO "sqlite_sequence" VALUES('passive_results',1);
INSERT INTO "sqlite_sequence" VALUES('primitive_runs',1);
INSERT INTO "sqlite_sequence" VALUES('sparring_sessions',1);
INSERT INTO "sqlite_sequence" VALUES('jobs',17);
INSERT INTO "sqlite_sequence" VALUES('transfers',1);
COMMIT;
