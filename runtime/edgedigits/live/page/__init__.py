"""A page for the phone, and an API: the picture, the number and its state, corrections, and pictures to be read.

`board` holds the newest moment for all viewers, `access` says who may ask, `uploads` reads pictures, `corrections`
keeps crops with their right value, `app` maps addresses to these, and `server` runs it beside the watching. Needs the
extra `server` (starlette and uvicorn).
"""
