with entries as (
    {{ stage_latest(source('registry', 'surveys'), [
        ('id', 'survey_id', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'survey_name', 'text'),
        ('owner', 'owner', 'text'),
        ('tool', 'tool', 'text'),
        ('form', 'form_id', 'text'),
        ('kind', 'survey_kind', 'text'),
        ('wave', 'wave', 'text'),
        ('score', 'score_ref', 'text'),
        ('comment', 'comment_ref', 'text'),
        ('hidden.user', 'user_field', 'text'),
        ('hidden.email', 'email_field', 'text'),
        ('hidden.account', 'account_field', 'text'),
        ('hidden.product', 'product_field', 'text'),
        ('hidden.feature', 'feature_field', 'text'),
        ('hidden.team', 'team_field', 'text'),
        ('product', 'product_id', 'text'),
        ('feature', 'feature_id', 'text'),
        ('scale.min', 'scale_min', 'integer'),
        ('scale.max', 'scale_max', 'integer'),
    ]) }}
)

select
    survey_id,
    coalesce(former_ids, '[]') as former_ids,
    survey_name,
    owner,
    tool,
    form_id,
    survey_kind,
    wave,
    score_ref,
    comment_ref,
    user_field,
    email_field,
    account_field,
    product_field,
    feature_field,
    team_field,
    product_id,
    feature_id,
    scale_min,
    scale_max
from entries
where not is_deleted
