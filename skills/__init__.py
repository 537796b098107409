"""Skills: procedurally generated, automatically graded curricula. Pure: workers use them locally."""

from skills.catalog import Engine, EvalBatch, EvalScore, SkillCatalog, get_engine
from skills.curriculum import exam_panel, exam_version, training_examples
from skills.panel import Passive, Primitive
from skills.problem import Grade, Problem
from skills.skill import Level, Skill

__all__ = [
    "Engine",
    "EvalBatch",
    "EvalScore",
    "Grade",
    "Level",
    "Passive",
    "Primitive",
    "Problem",
    "Skill",
    "SkillCatalog",
    "exam_panel",
    "exam_version",
    "get_engine",
    "training_examples",
]
