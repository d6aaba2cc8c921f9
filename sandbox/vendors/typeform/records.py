"""Shows forms and answers as the survey tool's API does."""

from datetime import UTC, datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.surveys.model import Answer, Form
from sandbox.vendors.record import Record

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream. A response's `form_id` is not the vendor's."""
    surveys = company.surveys
    if stream == "forms":
        return [
            Record(form.id, form.created_at, _form(form))
            for form in surveys.forms
            if form.created_at <= now and (form.deleted_at is None or form.deleted_at > now)
        ]
    if stream == "responses":
        return [
            Record(f"{answer.form.id}:{answer.token}", answer.submitted_at, _response(answer))
            for answer in surveys.answers
            if answer.is_shown(now)
        ]
    return []


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _field_id(form: Form, ref: str) -> str:
    return f"{form.id[:4]}{ref[:8]}"


def _score_type(form: Form) -> str:
    return "rating" if form.kind == "csat" else "opinion_scale"


def _form(form: Form) -> dict[str, Any]:
    """The definition, with the times that only the list shows."""
    properties: dict[str, Any] = {"steps": form.steps}
    if _score_type(form) == "opinion_scale":
        properties["start_at_one"] = form.first == 1
    else:
        properties["shape"] = "star"
    return {
        "id": form.id,
        "type": "quiz",
        "title": form.title,
        "created_at": _iso(form.created_at),
        "last_updated_at": _iso(form.created_at),
        "settings": {"language": "en", "is_public": True, "is_trial": False},
        "hidden": list(form.hidden_names),
        "variables": {"score": 0},
        "fields": [
            {
                "id": _field_id(form, form.score_ref),
                "ref": form.score_ref,
                "title": form.title,
                "type": _score_type(form),
                "properties": properties,
                "validations": {"required": False},
            },
            {
                "id": _field_id(form, form.comment_ref),
                "ref": form.comment_ref,
                "title": "Why?",
                "type": "long_text",
                "properties": {},
                "validations": {"required": False},
            },
        ],
    }


def _response(answer: Answer) -> dict[str, Any]:
    form = answer.form
    answers: list[dict[str, Any]] = []
    if answer.score is not None:
        question = {"id": _field_id(form, form.score_ref), "type": _score_type(form), "ref": form.score_ref}
        answers.append({"field": question, "type": "number", "number": answer.score})
    if answer.comment:
        question = {"id": _field_id(form, form.comment_ref), "type": "long_text", "ref": form.comment_ref}
        answers.append({"field": question, "type": "text", "text": answer.comment})
    is_mobile = int(answer.token[0], 16) % 3 == 0
    return {
        "form_id": form.id,
        "landing_id": answer.token,
        "token": answer.token,
        "response_id": answer.token,
        "response_type": "completed",
        "landed_at": _iso(answer.landed_at),
        "submitted_at": _iso(answer.submitted_at),
        "metadata": {
            "user_agent": _AGENTS[is_mobile],
            "platform": "mobile" if is_mobile else "other",
            "referer": f"https://acme-flow.typeform.example/to/{form.id}",
            "network_id": answer.token[:10],
            "browser": "touch" if is_mobile else "default",
        },
        "hidden": answer.hidden,
        "calculated": {"score": 0},
        "variables": [{"key": "score", "type": "number", "number": 0}],
        "answers": answers,
    }
