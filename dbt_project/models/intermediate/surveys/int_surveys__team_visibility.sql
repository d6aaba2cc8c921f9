-- Grain: one row a survey of teams, wave and team: may its answers be shown as the team's? A team with fewer answers
-- than the privacy floor is hidden. Where the hidden ones together are still below the floor, the smallest of the other
-- teams is hidden with them: else the difference between all and the shown would tell what they said.
with answers as (
    select
        survey_id,
        {{ survey_wave_start('wave', 'answered_date') }} as wave_start,
        coalesce(team_id, '(unknown)') as team_id
    from {{ ref('int_surveys__tool_responses') }}
    where survey_kind = 'team_pulse' and quarantine_reason is null
),

teams as (
    select
        survey_id,
        wave_start,
        team_id,
        cast(count(*) as bigint) as answer_count
    from answers
    group by survey_id, wave_start, team_id
),

ranked as (
    select
        *,
        answer_count < {{ var('privacy_floor') }} as is_small,
        sum(case when answer_count < {{ var('privacy_floor') }} then answer_count else 0 end)
            over (partition by survey_id, wave_start) as small_answer_count,
        sum(answer_count) over (partition by survey_id, wave_start) as wave_answer_count,
        row_number() over (
            partition by survey_id, wave_start, answer_count < {{ var('privacy_floor') }}
            order by answer_count asc, team_id asc
        ) as place
    from teams
)

select
    survey_id,
    wave_start,
    team_id,
    answer_count,
    case
        when is_small then false
        when place = 1 then small_answer_count = 0 or small_answer_count >= {{ var('privacy_floor') }}
        else true
    end as is_visible,
    wave_answer_count >= {{ var('privacy_floor') }} as is_wave_visible
from ranked
