-- Grain: one row a response given before as_of. Comments and addresses end here.
with file_rows as (
    {{ stage_as_of(source('files', 'survey_responses'), [
        ('_mapping', 'mapping_id', 'text'),
        ('_key', 'row_key', 'text'),
        ('response_id', 'response_id', 'text'),
        ('survey_id', 'survey_id', 'text'),
        ('score', 'score', 'double'),
        ('comment', 'comment_text', 'text'),
        ('email', 'email', 'text'),
        ('app_user_id', 'app_user_id', 'text'),
        ('account_key', 'account_key', 'text'),
        ('feature_id', 'feature_id', 'text'),
        ('product_id', 'product_id', 'text'),
        ('answered_at', 'answered_at', 'timestamp'),
    ]) }}
),

ranked as (
    select
        *,
        {{ newest_file_rank() }} as file_rank
    from file_rows
    where not is_deleted
)

select
    mapping_id || ':' || coalesce(response_id, {{ pseudonym('row_key') }}) as response_id,
    survey_id,
    score,
    comment_text is not null as has_comment,
    {{ email_hash('email') }} as email_hash,
    {{ pseudonym('app_user_id') }} as app_user_hash,
    account_key,
    feature_id,
    product_id,
    answered_at
from ranked
where
    file_rank = 1
    and answered_at < {{ as_of_at() }}
