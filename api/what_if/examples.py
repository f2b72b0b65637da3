"""A rule of each kind, to begin with."""

from typing import Any, Final

from api.examples import AN_ID

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "sla-policy": {
        "name": "Stricter 更严格",
        "targets": {
            "urgent": {"first_response": {"minutes": 15}, "resolution": {"minutes": 60}},
            "high": {"first_response": {"minutes": 30}, "resolution": {"minutes": 120}},
        },
        "pauses": ["customer"],
    },
    "scoring": {
        "rule": {
            "items": [
                {"when": [{"field": "type", "operator": "is", "value": "renewal"}], "points": 40},
                {
                    "when": [
                        {"field": "currency", "operator": "is", "value": "CNY"},
                        {"field": "amount", "operator": "at_least", "value": "100000"},
                    ],
                    "points": -10,
                },
                {
                    "when": [
                        {"field": "lead_source", "operator": "one_of", "value": ["fair", "web"]}
                    ],
                    "points": 20,
                },
            ],
            "bands": [{"name": "A", "at_least": 40}, {"name": "B", "at_least": 10}],
        },
        "after_days": 14,
    },
    "assignment": {
        "routes": [
            {
                "when": [{"field": "priority", "operator": "is", "value": "urgent"}],
                "to": [{"user_id": AN_ID}],
            },
            {"to": [{"queue": "first"}, {"queue": "second"}], "by": "least_open"},
        ]
    },
}
