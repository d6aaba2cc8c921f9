-- Grain: one row a pull request in production and stage of its way there whose length is known. Stages: coding (first
-- commit to opened), review (opened to merged), waiting_for_deployment (merged to in production).
with shipped as (
    select
        pull_request_id,
        team_id,
        coding_seconds,
        review_seconds,
        deploy_seconds,
        deployed_date
    from {{ ref('int_delivery__pull_request_times') }}
    where deployed_at is not null
),

stages as (
    {% for stage, seconds in [
        ('coding', 'coding_seconds'), ('review', 'review_seconds'), ('waiting_for_deployment', 'deploy_seconds')
    ] -%}
    select
        pull_request_id,
        team_id,
        '{{ stage }}' as stage,
        {{ seconds }} as stage_seconds,
        deployed_date
    from shipped
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    pull_request_id,
    team_id,
    stage,
    stage_seconds,
    deployed_date
from stages
where stage_seconds is not null
