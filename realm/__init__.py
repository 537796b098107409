"""What a realm is: config, rules, quests, store, models, training, inference and the command line.

Knows no Ray, except in `realm.cli`.
"""

__version__ = "0.1.0"
