with themes as (
    select
        theme_id,
        tags,
        words
    from {{ ref('stg_registry__themes') }}
),

tag_rows as (
    {{ json_array_rows('themes', ['theme_id'], 'tags') }}
),

word_rows as (
    {{ json_array_rows('themes', ['theme_id'], 'words') }}
)

select distinct
    theme_id,
    'tag' as kind,
    lower(trim(item)) as sign
from tag_rows
union distinct
select distinct
    theme_id,
    'word' as kind,
    lower(trim(item)) as sign
from word_rows
