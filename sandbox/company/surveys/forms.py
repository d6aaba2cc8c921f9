"""The company's forms. The registry declares the first three; nobody declared the others."""

from sandbox.company.surveys.model import Form
from sandbox.company.work_time import local

FORM_DELETED_BETWEEN_NIGHTS = local("2026-11-15 12:10")

NPS = Form(
    id="Nps4Kx9Q",
    title="How likely are you to recommend us?",
    kind="nps",
    survey_id="customer-nps",
    created_at=local("2026-05-20 10:00"),
    score_ref="recommend",
    comment_ref="recommend_reason",
    first=0,
    steps=11,
    hidden_names=("user_id", "email", "account_id", "product"),
)
CSAT = Form(
    id="Cs7TvB2m",
    title="How satisfied are you with this feature?",
    kind="csat",
    survey_id="feature-csat",
    created_at=local("2026-08-24 09:00"),
    score_ref="satisfaction",
    comment_ref="satisfaction_reason",
    first=1,
    steps=5,
    hidden_names=("user_id", "account_id", "feature"),
)
PULSE = Form(
    id="Pu5wYh8d",
    title="Team pulse",
    kind="team_pulse",
    survey_id="team-pulse",
    created_at=local("2026-06-01 09:00"),
    score_ref="pulse",
    comment_ref="pulse_reason",
    first=1,
    steps=5,
    hidden_names=("team",),
)
EVENT = Form(
    id="Ev3RsD6k",
    title="User group in Hamburg: registration",
    kind="other",
    survey_id=None,
    created_at=local("2026-09-02 15:00"),
    score_ref="excitement",
    comment_ref="diet",
    first=1,
    steps=5,
    hidden_names=("email",),
)
OLD_NPS = Form(
    id="Ol1dNps0",
    title="Would you recommend us? (2025)",
    kind="other",
    survey_id=None,
    created_at=local("2025-03-03 11:00"),
    score_ref="recommend",
    comment_ref="recommend_reason",
    first=0,
    steps=11,
    hidden_names=("user_id",),
    deleted_at=FORM_DELETED_BETWEEN_NIGHTS,
)
FORMS = (NPS, CSAT, PULSE, EVENT, OLD_NPS)
