"""The Oracle: answers of any checkpoint over HTTP, OpenAI-compatible, from processes that Ray Serve runs."""
