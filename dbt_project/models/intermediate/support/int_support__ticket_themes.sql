-- Grain: one row a ticket with a theme: the first of the registry's file one of whose tags it bears, or one of whose words stands
-- in its subject. Of the subject nothing else leaves staging.
with subjects as (
    select
        'zendesk:ticket:' || ticket_id as ticket_id,
        lower(subject) as subject
    from {{ ref('stg_zendesk__tickets') }}
    where subject is not null
    union all
    select
        'intercom:conversation:' || conversation_id as ticket_id,
        lower(subject) as subject
    from {{ ref('stg_intercom__conversations') }}
    where subject is not null
),

tags as (
    select
        ticket_id,
        lower(tag) as tag
    from {{ ref('int_support__source_tags') }}
),

signs as (
    select
        signs.theme_id,
        signs.kind,
        signs.sign,
        themes.ordinal
    from {{ ref('stg_registry__theme_signs') }} as signs
    inner join {{ ref('stg_registry__themes') }} as themes
        on signs.theme_id = themes.theme_id
),

matches as (
    select
        tags.ticket_id,
        signs.theme_id,
        signs.ordinal
    from tags
    inner join signs
        on
            signs.kind = 'tag'
            and (
                tags.tag = signs.sign
                or (
                    substr(signs.sign, length(signs.sign), 1) = '*'
                    and substr(tags.tag, 1, length(signs.sign) - 1) = substr(signs.sign, 1, length(signs.sign) - 1)
                )
            )
    union all
    select
        subjects.ticket_id,
        signs.theme_id,
        signs.ordinal
    from subjects
    inner join signs
        on
            signs.kind = 'word'
            and length(replace(subjects.subject, signs.sign, '')) < length(subjects.subject)
),

ranked as (
    select
        ticket_id,
        theme_id,
        row_number() over (partition by ticket_id order by ordinal asc) as theme_rank
    from matches
)

select
    ticket_id,
    theme_id
from ranked
where theme_rank = 1
