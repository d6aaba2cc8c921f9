with entries as (
    {{ stage_latest(source('registry', 'themes'), [
        ('id', 'theme_id', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'theme_name', 'text'),
        ('_ordinal', 'position_in_file', 'integer'),
        ('tags', 'tags', 'json'),
        ('words', 'words', 'json'),
    ]) }}
)

select
    theme_id,
    coalesce(former_ids, '[]') as former_ids,
    theme_name,
    coalesce(tags, '[]') as tags,
    coalesce(words, '[]') as words,
    row_number() over (order by position_in_file asc nulls last, theme_id asc) as ordinal
from entries
where not is_deleted
