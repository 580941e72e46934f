"""The API's description, for programs that make clients of it."""

from __future__ import annotations

from typing import Any


def describe(version: str) -> dict[str, Any]:
    """Return the OpenAPI description of the server.

    Example:
        >>> sorted(describe("1")["paths"])[:3]
        ['/correct', '/events', '/openapi.json']
    """
    reading = {"$ref": "#/components/schemas/Reading"}
    state = {"$ref": "#/components/schemas/State"}
    number = {"type": "number"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "edgedigits", "version": version, "description": "Reads handwritten digits."},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
                "Digit": {
                    "type": "object",
                    "required": ["value", "confidence", "box"],
                    "properties": {
                        "value": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                        "box": {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
                        "alternatives": {"type": "array", "items": {"type": "array", "items": number}},
                    },
                },
                "Reading": {
                    "type": "object",
                    "required": ["text", "digits"],
                    "properties": {
                        "path": {"type": "string"},
                        "text": {"type": "string", "description": "Lines in reading order; empty for nothing."},
                        "digits": {"type": "array", "items": {"$ref": "#/components/schemas/Digit"}},
                        "expected": {"type": "boolean"},
                        "turned": {"type": "integer"},
                        "size": {"type": "array", "items": {"type": "integer"}},
                    },
                },
                "State": {
                    "type": "object",
                    "required": ["published", "raw", "camera"],
                    "properties": {
                        "published": {"type": "string", "description": "What is sure; ? for a digit that is not."},
                        "raw": {"type": "string", "description": "What the newest frame alone says."},
                        "status": {"enum": ["nothing", "unsure", "steady", "held", "withheld"]},
                        "camera": {"enum": ["none", "connecting", "live", "stalled", "lost", "ended"]},
                        "frame": {"type": ["integer", "null"]},
                        "seconds": number,
                        "fps": number,
                        "readings_per_second": number,
                        "latency_ms": number,
                        "digits": {"type": "array", "items": {"$ref": "#/components/schemas/Digit"}},
                        "roi": {"type": ["array", "null"], "items": number},
                    },
                },
            },
        },
        "security": [{"token": []}, {}],
        "paths": {
            "/reading.json": {"get": _answer("What is read now.", "application/json", state)},
            "/snapshot.jpg": {
                "get": _answer("The newest picture.", "image/jpeg", {"type": "string", "format": "binary"})
            },
            "/stream.mjpg": {"get": _answer("The picture, moving.", "multipart/x-mixed-replace", {"type": "string"})},
            "/events": {"get": _answer("What is read, as server-sent events.", "text/event-stream", state)},
            "/read": {
                "post": {
                    **_answer("Read the picture in the body, or in a form.", "application/json", reading),
                    "parameters": [
                        {"name": "threshold", "in": "query", "schema": {"type": "number", "minimum": 0, "maximum": 1}},
                        {"name": "expect", "in": "query", "schema": {"type": "string"}},
                        {"name": "length", "in": "query", "schema": {"type": "integer", "minimum": 1}},
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "image/*": {"schema": {"type": "string", "format": "binary"}},
                            "multipart/form-data": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"picture": {"type": "string", "format": "binary"}},
                                }
                            },
                        },
                    },
                }
            },
            "/correct": {
                "post": _with_body(
                    _answer("Save a digit's crop as what it really is.", "application/json", {"type": "object"}),
                    {
                        "frame": {"type": "integer"},
                        "digit": {"type": "integer"},
                        "value": {"type": ["integer", "string"]},
                    },
                )
            },
            "/roi": {
                "post": _with_body(
                    _answer("Set the part of the frame that is read.", "application/json", {"type": "object"}),
                    {"roi": {"type": ["array", "null"], "items": number}},
                )
            },
            "/reset": {"post": _answer("Take the next number as it comes.", "application/json", {"type": "object"})},
            "/openapi.json": {"get": _answer("This description.", "application/json", {"type": "object"})},
        },
    }


def _answer(summary: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    problem = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    return {
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": schema}}},
            "default": {"description": "What is wrong, and what to do about it.", **problem},
        },
    }


def _with_body(operation: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {**operation, "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
