with entries as (
    {{ stage_latest(source('registry', 'north_star'), [
        ('id', 'north_star_id', 'text'),
        ('name', 'north_star_name', 'text'),
        ('fr.name', 'north_star_name_fr', 'text'),
        ('description', 'definition', 'text'),
        ('fr.description', 'definition_fr', 'text'),
        ('owner', 'owner', 'text'),
        ('version', 'definition_version', 'integer'),
        ('is_share', 'is_share', 'boolean'),
        ('value', 'value_measure', 'json'),
        ('numerator', 'numerator_measure', 'json'),
        ('denominator', 'denominator_measure', 'json'),
        ('inputs', 'inputs', 'json'),
        ('_ordinal', 'position_in_file', 'integer'),
    ]) }}
)

select
    north_star_id,
    north_star_name,
    north_star_name_fr,
    definition,
    definition_fr,
    owner,
    definition_version,
    coalesce(is_share, false) as is_share,
    value_measure,
    numerator_measure,
    denominator_measure,
    coalesce(inputs, '[]') as inputs
from entries
where not is_deleted
