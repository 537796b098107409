"""A hero's model and tokenizer: build, load, save. Knows no training, no database, no Ray."""
